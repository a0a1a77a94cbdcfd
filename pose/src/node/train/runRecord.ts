import { readFile, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DataError } from 'wgrad';
import { readBytes, writeFileAtomic } from 'wgrad/io/node';
import { bestEpochOf } from '../../train/bestEpoch.js';
import type { SavedRun } from '../../train/checkpointing.js';
import type { TrainConfig } from '../../train/config.js';
import { type DataFacts, haveChanged } from '../../train/dataFacts.js';
import type { EpochSummary } from '../../train/session.js';
import { loadRun } from './runFile.js';
import { ensureFolder, log, type RunFolder, runFolder } from './runFolder.js';

/** The line of the log with which a process begins to work on a run. */
export interface RunHeader {
  readonly event: 'start' | 'resume';
  /** The description of the device. */
  readonly device: string;
  readonly data: DataFacts;
  readonly config: TrainConfig;
}

/**
 * Prepares the folder of a run that starts, or that goes on from `saved`: best checkpoint and log become what the run's
 * history says, whenever the process before was killed. Then the log gets its next line, so that a folder that cannot be
 * written to is found before the training.
 *
 * The history is in the checkpoint, and `trainRun` writes last, best and log in this order. So there are two cases. If
 * the best epoch is the one at which the checkpoint stands, best and log may be missing: the checkpoint itself is the best
 * one. If it is an earlier epoch, its checkpoint was written before the next step was trained, let alone saved.
 * @returns what could not be mended, and what makes the run's numbers differ from those of an uninterrupted one, in words
 */
export async function openRun(folder: RunFolder, header: RunHeader, saved?: SavedRun): Promise<string[]> {
  await ensureFolder(folder);
  const warnings = saved
    ? [...otherDevice(header, saved), ...otherLabels(header, saved), ...(await mendBest(folder, saved))]
    : [];
  await mendLog(folder, saved?.progress.history ?? []);
  await log(folder, header);
  return warnings;
}

function otherDevice({ device }: RunHeader, { device: before }: SavedRun): string[] {
  if (!before || before.description === device) return [];
  return [`so far the run was trained on ${before.description}, and now on ${device}, which may round otherwise`];
}

function otherLabels({ data }: RunHeader, { data: before }: SavedRun): string[] {
  if (!haveChanged(before, data)) return [];
  return ['labels, boxes or names of pictures are not those that the run was trained on so far; it goes on with these'];
}

async function mendBest({ best }: RunFolder, { path, progress }: SavedRun): Promise<string[]> {
  const epoch = bestEpochOf(progress.history);
  if (epoch === undefined || (await isOfEpoch(best, epoch, progress.history))) return [];
  const isHere = progress.epoch === epoch && progress.batch === 0;
  // A run that goes on in another folder takes its best checkpoint along.
  const source = isHere ? path : runFolder(dirname(path)).best;
  if (isHere || (await isOfEpoch(source, epoch, progress.history))) {
    await writeFileAtomic(best, await readBytes(source));
    return [];
  }
  const lost = `the checkpoint of the best epoch, ${epoch}, is not there any more; ${best} will be that of the next better one`;
  if (!(await stat(best).catch(() => undefined))) return [lost];
  const aside = join(dirname(best), 'best.other.safetensors');
  await rename(best, aside);
  return [`${lost}, and what was in its place is now ${aside}`];
}

/** Whether a file is the checkpoint with which an epoch of this history ended. */
async function isOfEpoch(path: string, epoch: number, history: readonly EpochSummary[]): Promise<boolean> {
  try {
    const { progress } = await loadRun(path);
    const own = JSON.stringify(progress.history);
    return progress.epoch === epoch && progress.batch === 0 && own === JSON.stringify(history.slice(0, epoch));
  } catch (error) {
    if (error instanceof DataError) return false; // missing, or damaged
    throw error;
  }
}

/** Leaves out torn lines and epochs that the history does not have, and adds those of it that are missing. */
async function mendLog({ log: path }: RunFolder, history: readonly EpochSummary[]): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const missing = new Map(history.map((summary) => [JSON.stringify(summary), summary]));
  const kept = text.split('\n').filter((line) => {
    const event = parsed(line);
    if (event?.event !== 'epoch') return event !== undefined;
    const { time, event: _, ...summary } = event;
    return missing.delete(JSON.stringify(summary));
  });
  const time = new Date().toISOString();
  const added = [...missing.values()].map((summary) => JSON.stringify({ time, event: 'epoch', ...summary }));
  const mended = [...kept, ...added].map((line) => `${line}\n`).join('');
  if (mended !== text) await writeFileAtomic(path, mended);
}

/** The event of a line; undefined for what is none. */
function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const event: unknown = JSON.parse(line);
    return typeof event === 'object' && event !== null ? { ...event } : undefined;
  } catch {
    return undefined;
  }
}
