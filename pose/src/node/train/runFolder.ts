import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from 'wgrad';
import { appendLine, makeFolder } from 'wgrad/io/node';

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
 * The folder of a new run, which is not made yet: the folder asked for, which must not hold another run, or the first
 * free one of `out/<name>`, `out/<name>-2`, ... No run overwrites another.
 * @throws DataError if the folder asked for holds a run
 */
export async function freeRunFolder(name: string, asked?: string): Promise<RunFolder> {
  if (asked !== undefined) {
    const folder = runFolder(asked);
    if (!(await holdsRun(folder))) return folder;
    throw new DataError(`--out ${asked}: a run is there already; continue it with --resume, or name another folder`);
  }
  for (let i = 1; ; i++) {
    const folder = runFolder(join(RUNS, i === 1 ? name : `${name}-${i}`));
    if (!(await holdsRun(folder))) return folder;
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
    `--resume: no last.safetensors in ${folder ?? `any folder of ${RUNS}`}; name a checkpoint, or start without --resume`,
  );
}

/**
 * Makes the folder and writes the first line of its log, so that a folder that cannot be written to is found before the
 * training.
 */
export async function openRunFolder(folder: RunFolder, header: object): Promise<void> {
  await makeFolder(folder.path);
  await log(folder, header);
}

/** Appends an event to the run's log. */
export async function log(folder: RunFolder, event: object): Promise<void> {
  await appendLine(folder.log, JSON.stringify({ time: new Date().toISOString(), ...event }));
}

async function holdsRun({ last, log }: RunFolder): Promise<boolean> {
  return (await statOf(last)) !== undefined || (await statOf(log)) !== undefined;
}

async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.map((name) => join(folder, name));
}

async function statOf(path: string) {
  return stat(path).catch(() => undefined);
}
