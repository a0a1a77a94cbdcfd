import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { cpu } from 'wgrad';
import { formatCheckpoint, type Json } from 'wgrad/io';
import { loadCheckpoint } from 'wgrad/io/node';
import { loadRun, saveRun } from '../../src/node/train/runFile.js';
import type { RunFolder } from '../../src/node/train/runFolder.js';
import { openRun } from '../../src/node/train/runRecord.js';
import type { SavedRun } from '../../src/train/checkpointing.js';
import { type EpochSummary, type Session, startSession } from '../../src/train/session.js';
import { TINY, tinyData, withFolder } from './runs.js';

const epochs = (...scores: number[]): EpochSummary[] =>
  scores.map((pck20, i) => ({ epoch: i + 1, trainLoss: 1 / 3, validLoss: 2, pck20, imagesPerSecond: 9, skipped: 0 }));

/** Saves a run that stands after epochs of these scores, and some batches, and reads it again. */
async function standing(
  folder: RunFolder,
  scores: readonly number[],
  batch = 0,
  file = folder.last,
): Promise<SavedRun> {
  const session = startSession(cpu(), TINY, await tinyData());
  const step = 5 * scores.length + batch;
  Object.assign(session.progress, { epoch: scores.length, batch, step, history: epochs(...scores) });
  await saveRun(session, file);
  return loadRun(file);
}

const HEADER = { event: 'resume', device: cpu().description, data: { train: 21, test: 13 }, config: TINY } as const;

const bestEpoch = async ({ best }: RunFolder) => (await loadRun(best)).progress.epoch;

test('the checkpoint of the best epoch is mended from the last one while that is the same', async () => {
  await withFolder(async (folder) => {
    // Killed between the two: last knows of the new best epoch, best does not.
    await standing(folder, [0.1], 0, folder.best);
    const saved = await standing(folder, [0.1, 0.2]);
    expect(await openRun(folder, HEADER, saved)).toEqual([]);
    expect(await readFile(folder.best)).toEqual(await readFile(folder.last));
    await rm(folder.best);
    expect(await openRun(folder, HEADER, saved)).toEqual([]);
    expect(await bestEpoch(folder)).toBe(2);
    // Cut short.
    await writeFile(folder.best, (await readFile(folder.best)).subarray(0, 1000));
    expect(await openRun(folder, HEADER, saved)).toEqual([]);
    expect(await bestEpoch(folder)).toBe(2);
  });
});

test('it stays where an earlier epoch was better, and comes along to another folder', async () => {
  await withFolder(async (folder) => {
    await standing(folder, [0.2], 0, folder.best);
    const saved = await standing(folder, [0.2, 0.1], 3);
    const before = await readFile(folder.best);
    expect(await openRun(folder, HEADER, saved)).toEqual([]);
    expect(await readFile(folder.best)).toEqual(before);
    await withFolder(async (other) => {
      expect(await openRun(other, HEADER, saved)).toEqual([]);
      expect(await readFile(other.best)).toEqual(before);
    });
  });
});

test('one that is lost is said to be, and what is in its place is no more called the best', async () => {
  await withFolder(async (folder) => {
    const saved = await standing(folder, [0.2, 0.1]);
    const lost = `the checkpoint of the best epoch, 1, is not there any more; ${folder.best} will be that of the next better one`;
    expect(await openRun(folder, HEADER, saved)).toEqual([lost]);
    // Of the same epoch, but of another run.
    await standing(folder, [0.3], 0, folder.best);
    const other = folder.best.replace('best.', 'best.other.');
    expect(await openRun(folder, HEADER, saved)).toEqual([`${lost}, and what was in its place is now ${other}`]);
    expect((await loadRun(other)).progress.history[0].pck20).toBe(0.3);
    await expect(loadRun(folder.best)).rejects.toThrow(/cannot read/);
  });
});

test('another device, and other labels, are told', async () => {
  await withFolder(async (folder) => {
    const saved = await standing(folder, []);
    const adapter = { kind: 'webgpu', description: 'nvidia hopper' } as const;
    const openOn = (device: string, digest?: string, before: Partial<SavedRun> = {}) =>
      openRun(folder, { ...HEADER, device, data: { ...HEADER.data, digest } }, { ...saved, ...before });
    expect(await openOn('nvidia hopper')).toEqual([
      `so far the run was trained on ${cpu().description}, and now on nvidia hopper, which may round otherwise`,
    ]);
    // Another adapter of the same kind.
    expect(await openOn('amd rdna-3', undefined, { device: adapter })).toEqual([
      'so far the run was trained on nvidia hopper, and now on amd rdna-3, which may round otherwise',
    ]);
    expect(await openOn('nvidia hopper', undefined, { device: adapter })).toEqual([]);
    expect(await openOn('amd rdna-3', undefined, { device: undefined })).toEqual([]);
    const data = { ...HEADER.data, digest: 'a' };
    expect(await openOn(HEADER.device, 'b', { data })).toEqual([
      'labels, boxes or names of pictures are not those that the run was trained on so far; it goes on with these',
    ]);
    expect(await openOn(HEADER.device, 'a', { data })).toEqual([]);
    // Of a version that did not store them.
    expect(await openOn(HEADER.device, 'b', { data: undefined })).toEqual([]);
  });
});

test('the log has a line for every epoch of the history, each once, and no torn one', async () => {
  await withFolder(async (folder) => {
    await standing(folder, [0.1], 0, folder.best);
    const saved = await standing(folder, [0.1, 0.2, 0.3]);
    const line = (event: object) => JSON.stringify({ time: '2026', ...event });
    const [first, second, third] = saved.progress.history;
    const other = { ...third, pck20: 0.4 };
    const kept = [
      line({ event: 'start' }),
      line({ event: 'epoch', ...first }),
      line({ event: 'interrupted', epoch: 1 }),
    ];
    const lines = [
      ...kept.slice(0, 2),
      `{"time":"2026","event":"epo${line({ event: 'epoch', ...second })}`, // torn, and the next one joined to it
      kept[2],
      line({ event: 'epoch', ...first }),
      line({ event: 'epoch', ...other }), // of a future that was given up
      '{"time":"20',
    ];
    await writeFile(folder.log, lines.join('\n'));
    await openRun(folder, HEADER, saved);
    const mended = (await readFile(folder.log, 'utf8')).trimEnd().split('\n');
    expect(mended.slice(0, 3)).toEqual(kept);
    expect(mended.slice(3).map((text) => JSON.parse(text))).toEqual([
      { time: expect.any(String), event: 'epoch', ...second },
      { time: expect.any(String), event: 'epoch', ...third },
      { time: expect.any(String), ...HEADER },
    ]);
    // Mended already.
    await copyFile(folder.log, `${folder.log}.before`);
    await openRun(folder, HEADER, saved);
    const again = await readFile(folder.log, 'utf8');
    expect(again.startsWith(await readFile(`${folder.log}.before`, 'utf8'))).toBe(true);
    expect(again.split('\n')).toHaveLength(8);
  });
});

test.each([
  ['an epoch that is none', { history: [null] }],
  ['a number as text', { history: [{ ...epochs(0.1)[0], pck20: '0.1' }] }],
  ['another epoch', { history: [{ ...epochs(0.1)[0], epoch: 2 }] }],
  ['more epochs than are done', { history: epochs(0.1, 0.2) }],
  ['half a batch', { batch: 0.5 }],
  ['minus one step', { step: -1 }],
  ['minus one epoch', { epoch: -1 }],
  ['a sum that is no number', { lossSum: Number.NaN }],
])('a checkpoint whose progress has %s is refused', async (_, wrong) => {
  await withFolder(async (folder) => {
    const session = startSession(cpu(), TINY, await tinyData());
    Object.assign(session.progress, { epoch: 1, step: 5, history: epochs(0.1) });
    await saveRun(session, folder.last);
    expect((await loadRun(folder.last)).progress.history).toHaveLength(1);
    Object.assign(session.progress, wrong);
    const bytes = formatCheckpoint({
      ...(await loadCheckpoint(folder.last)),
      config: { config: TINY, history: session.progress.history } as unknown as Json,
      progress: { epoch: session.progress.epoch, step: session.progress.step, counters: countersOf(session) },
    });
    await writeFile(folder.last, bytes);
    await expect(loadRun(folder.last)).rejects.toThrow(/not of this version's training|lacks epoch/);
  });
});

const countersOf = ({ progress: { batch, lossSum, lossCount, seconds } }: Session) => ({
  ...{ batch, lossSum, lossCount, seconds },
});
