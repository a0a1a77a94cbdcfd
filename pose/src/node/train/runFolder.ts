import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from 'wgrad';
import { appendLine, checkFolder, makeFolder } from 'wgrad/io/node';
import { claimFolder, type FolderClaim, FolderTakenError } from './folderClaim.js';

/** The folder of runs for which no folder was named. */
export const RUNS = 'out';

/** The files of a run in its folder. */
export interface RunFolder {
  readonly path: string;
  /** Checkpoint after the last finished epoch, or where Ctrl-C stopped the run. */
  readonly last: string;
  /** Checkpoint of the best epoch, by PCK@0.2 where there is one. */
  readonly best: string;
  /** One JSON object per line. */
  readonly log: string;
  readonly report: string;
  /** Of whoever writes into it: see `claimFolder`. */
  readonly claim?: FolderClaim;
}

/** A folder that this process alone writes into. */
export interface ClaimedFolder extends RunFolder {
  readonly claim: FolderClaim;
}

/** The paths of a run's files in the folder `path`; nothing is read or made. */
export function runFolder(path: string): RunFolder {
  return {
    path,
    last: join(path, 'last.safetensors'),
    best: join(path, 'best.safetensors'),
    log: join(path, 'log.jsonl'),
    report: join(path, 'report.html'),
  };
}

/**
 * Claims the folder of a run, which is made if missing, and removes what a process that was killed while it wrote has left.
 * @throws DataError where another process has it
 */
export async function claimRunFolder(path: string): Promise<ClaimedFolder> {
  const claim = await claimFolder(path);
  const parts = (await readdir(path)).filter((name) => /\.[0-9a-f-]+\.part$/.test(name));
  await Promise.all(parts.map((name) => rm(join(path, name), { force: true })));
  return { ...runFolder(path), claim };
}

/** Makes sure that a folder that is asked for can have a new run. @throws DataError if it holds one, or cannot be written into */
export async function checkNewFolder(asked: string): Promise<void> {
  await checkFolder(asked);
  if (!(await holdsRun(runFolder(asked)))) return;
  throw new DataError(`--out ${asked}: a run is there already; continue it with --resume, or name another folder`);
}

/**
 * Claims the folder of a new run: the folder asked for, which must not hold another run, or the first free one of
 * `out/<name>`, `out/<name>-2`, ... No run overwrites another. A folder in which a run was stopped before its first
 * checkpoint is free.
 * @throws DataError if the folder asked for holds a run, or another process has it
 */
export async function claimNewFolder(name: string, asked?: string): Promise<ClaimedFolder> {
  if (asked !== undefined) {
    const folder = await claimRunFolder(asked);
    try {
      await checkNewFolder(asked);
      return folder;
    } catch (error) {
      await folder.claim.release();
      throw error;
    }
  }
  for (let i = 1; ; i++) {
    const path = join(RUNS, i === 1 ? name : `${name}-${i}`);
    if (await holdsRun(runFolder(path))) continue;
    const folder = await claimRunFolder(path).catch((error) => {
      if (!(error instanceof FolderTakenError)) throw error;
      return undefined;
    });
    if (folder && !(await holdsRun(folder))) return folder;
    await folder?.claim.release();
  }
}

/**
 * The last checkpoint of the run in `folder`, or, without one, of the run under `out/` that was saved last.
 * @throws DataError if there is none
 */
export async function lastCheckpoint(folder?: string): Promise<string> {
  const folders = folder === undefined ? await namesIn(RUNS) : [folder];
  let newest: { readonly path: string; readonly time: number } | undefined;
  for (const { last } of folders.map(runFolder)) {
    const time = (await statOf(last))?.mtimeMs;
    if (time !== undefined && time > (newest?.time ?? Number.NEGATIVE_INFINITY)) newest = { path: last, time };
  }
  if (newest) return newest.path;
  throw new DataError(
    folder === undefined
      ? `--resume: no last.safetensors in any folder of ${RUNS}; name a checkpoint, or start without --resume`
      : `--resume: no last.safetensors in ${folder}, so nothing was saved there; start the run with --out ${folder}`,
  );
}

/**
 * Makes sure that a run may write into its folder, and makes the folder again if somebody has deleted it.
 * @throws DataError where another process has it by now, or it cannot be made
 */
export async function ensureFolder({ path, claim }: RunFolder): Promise<void> {
  await makeFolder(path);
  await claim?.check();
}

/** Appends an event to the run's log. */
export async function log(folder: RunFolder, event: object): Promise<void> {
  await appendLine(folder.log, JSON.stringify({ time: new Date().toISOString(), ...event }));
}

async function holdsRun({ last, best }: RunFolder): Promise<boolean> {
  return (await statOf(last)) !== undefined || (await statOf(best)) !== undefined;
}

async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.map((name) => join(folder, name));
}

async function statOf(path: string) {
  return stat(path).catch(() => undefined);
}
