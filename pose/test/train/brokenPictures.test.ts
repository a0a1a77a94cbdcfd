import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cpu, DataError, Rng } from 'wgrad';
import { downloadState } from 'wgrad/io';
import { type BrokenPicture, brokenText, checkBroken, mergeBroken } from '../../src/brokenPictures.js';
import { openDataset } from '../../src/node/datasets/openDataset.js';
import { DataWorkers } from '../../src/node/train/dataWorkers.js';
import { loadRun } from '../../src/node/train/runFile.js';
import { trainRun } from '../../src/node/train/trainRun.js';
import { TrainingBatches } from '../../src/train/batches.js';
import { resumeSession } from '../../src/train/checkpointing.js';
import type { TrainConfig } from '../../src/train/config.js';
import type { CropBatch } from '../../src/train/cropBatch.js';
import { resumeConfig } from '../../src/train/resumeConfig.js';
import { loadData } from '../../src/train/samples.js';
import { type Session, startSession } from '../../src/train/session.js';
import { TINY, unseen, withFolder } from './runs.js';

const TRAIN = 9;
const CONFIG: TrainConfig = { ...TINY, batch: 3, epochs: 2, size: 24, colour: 0.2, skipBroken: 3 };

let home: string;
let files: Uint8Array[];
let people: [number, number][][];
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'wgrad-broken-'));
  const rng = new Rng(6);
  people = [];
  files = [];
  for (let n = 0; n < TRAIN + 4; n++) {
    const data = Uint8Array.from({ length: 40 * 32 * 3 }, () => rng.int(256));
    files.push(
      await sharp(data, { raw: { width: 40, height: 32, channels: 3 } })
        .png()
        .toBuffer(),
    );
    people.push(Array.from({ length: 14 }, () => [1 + rng.int(40), 1 + rng.int(32)]));
  }
});
afterAll(() => rm(home, { recursive: true }));

/** A data set of the pictures; `contents` says what is written in place of some, null for nothing. */
async function dataSet(name: string, contents: Record<number, Uint8Array | string | null>, labels = people) {
  const folder = join(home, name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, 'images'), { recursive: true });
  for (const [n, file] of files.entries()) {
    const content = n in contents ? contents[n] : file;
    if (content !== null) await writeFile(join(folder, 'images', `im${n}.png`), content);
  }
  const items = labels.map((xy, n) => ({ file: `im${n}.png`, xy, split: n < TRAIN ? 'train' : 'test' }));
  await writeFile(join(folder, 'joints.json'), JSON.stringify({ items }));
  return openDataset({ data: folder, figures: 0 });
}

/** All batches of two epochs, with so many workers and so much memory to hold images in. */
async function twoEpochs(dataset: Awaited<ReturnType<typeof dataSet>>, count: number, memory?: number) {
  const workers = count === 0 ? undefined : new DataWorkers(count);
  try {
    const data = await loadData(dataset, { workers, memory, skipBroken: CONFIG.skipBroken });
    const batches = workers?.batches(data, CONFIG) ?? new TrainingBatches(data, CONFIG);
    const all: CropBatch[] = [];
    for (let i = 0; i < 2 * batches.length; i++) {
      all.push(await batches.at(Math.floor(i / batches.length), i % batches.length));
    }
    return { data, batches: all };
  } finally {
    await workers?.close();
  }
}

const placesOf = (broken: readonly BrokenPicture[] = []) => broken.map(({ part, index }) => `${part} ${index}`).sort();

describe('pictures that cannot be read', () => {
  const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="32"></svg>';

  test.each([
    [0, undefined],
    [0, 0],
    [2, undefined],
    [3, 0],
  ])('are stood in for by the next ones, %d workers, memory %s', async (count, memory) => {
    const broken = { 3: 'no picture', 4: null, 8: SVG };
    const { data, batches } = await twoEpochs(await dataSet('three', broken), count, memory);
    // The same with the next pictures and people in their place: the last one is followed by the first.
    const next = [...people];
    for (const [n, from] of [
      [3, 5],
      [4, 5],
      [8, 0],
    ]) {
      next[n] = people[from];
    }
    const replaced = await dataSet('replaced', { 3: files[5], 4: files[5], 8: files[0] }, next);
    const expected = await twoEpochs(replaced, 0);
    expect(batches.map(({ broken, ...batch }) => batch)).toEqual(expected.batches);
    const met = mergeBroken(
      [],
      batches.flatMap(({ broken = [] }) => broken),
    );
    expect(placesOf(met)).toEqual(['train 3', 'train 4', 'train 8']);
    expect(placesOf(data.broken)).toEqual(memory === 0 ? [] : ['train 3', 'train 4', 'train 8']);
  });

  test('in the test half are left out of it', async () => {
    const { data } = await twoEpochs(await dataSet('tested', { [TRAIN + 1]: files[0].subarray(0, 200) }), 2);
    expect(data.test.map(({ joints }) => joints[0])).toEqual([0, 2, 3].map((i) => people[TRAIN + i][0][0] - 1));
    expect(placesOf(data.broken)).toEqual(['test 1']);
  });

  test('are an error that names them where they are more than may be left out', async () => {
    const dataset = await dataSet('many', { 1: 'none', 2: null, 6: SVG, [TRAIN]: '' });
    const one = loadData(dataset);
    await expect(one).rejects.toThrow(DataError);
    await expect(one).rejects.toThrow(/im1\.png: cannot be read as an image .*, or leave it out with --skip-broken 1$/);
    await expect(twoEpochs(dataset, 2)).rejects.toThrow(
      /^4 pictures that cannot be read, with 4 people: .*im1\.png, .*im2\.png, .*im6\.png, .*im9\.png; --skip-broken 3 leaves out as many at most/,
    );
    expect(() => checkBroken([], 0)).not.toThrow();
    expect(await loadData(dataset, { skipBroken: 4 })).toMatchObject({ test: { length: 3 } });
    const nobody = await dataSet('nobody', Object.fromEntries(files.map((_, n) => [n, ''])));
    await expect(loadData(nobody, { skipBroken: 99 })).rejects.toThrow(/no picture of the test half can be read/);
  });

  test('of several people count once, with the people', () => {
    const people = [0, 1, 2].map((index) => ({ part: 'train' as const, index, picture: 'a.jpg', why: 'broken' }));
    expect(() => checkBroken(people, 1)).not.toThrow();
    expect(brokenText(people)).toBe('1 picture that cannot be read, with 3 people: a.jpg');
    const other = { part: 'test' as const, index: 0, picture: 'b.jpg', why: 'broken' };
    expect(brokenText([...people, other])).toBe('2 pictures that cannot be read, with 4 people: a.jpg, b.jpg');
    expect(brokenText([other])).toBe('1 picture that cannot be read, with 1 person: b.jpg');
  });
});

describe('a run without some pictures', () => {
  const never = new AbortController().signal;
  const contentOf = async ({ learner: { params, state, optimizer }, progress }: Session) => {
    const scores = progress.history.map(({ trainLoss, validLoss, pck20 }) => [trainLoss, validLoss, pck20]);
    return [await Promise.all([params, state, optimizer].map(downloadState)), scores, progress.broken];
  };
  const open = async (
    name: string,
    broken: readonly BrokenPicture[] | undefined,
    memory: number | undefined,
    most = 3,
  ) => {
    const dataset = await openDataset({ data: join(home, name), figures: 0 });
    const config = { ...CONFIG, skipBroken: most };
    const data = await loadData(dataset, { memory, skipBroken: most, broken });
    return startSession(cpu(), config, data);
  };

  test.each([
    ['in memory', undefined],
    ['read again', 0],
  ])('goes on with the same bits after a stop, though they can be read by then: pictures %s', async (_, memory) => {
    await dataSet('run', { 3: 'no picture', 5: null, [TRAIN]: '' });
    const whole = await open('run', undefined, memory);
    await withFolder(async (folder) => {
      expect(await trainRun(whole, folder, unseen, never)).toBe(true);
      expect(placesOf(whole.progress.broken)).toEqual(['test 0', 'train 3', 'train 5']);
      const expected = await contentOf(whole);
      const stop = new AbortController();
      const first = await open('run', undefined, memory);
      const onEpoch = () => stop.abort();
      await trainRun(first, folder, { ...unseen, onEpoch }, stop.signal);
      await dataSet('run', {});
      const saved = await loadRun(folder.last);
      expect(saved.progress.epoch).toBe(1);
      const second = await open('run', saved.progress.broken, memory);
      resumeSession(second, saved);
      await trainRun(second, folder, unseen, never);
      expect(await contentOf(second)).toEqual(expected);
    });
  });

  test('ends, saved, where there are too many, and goes on with more, or mended', async () => {
    await dataSet('limit', {});
    const session = await open('limit', undefined, 0, 1);
    const broken = { 3: 'no picture', 5: null };
    await dataSet('limit', broken);
    const warnings: string[] = [];
    await withFolder(async (folder) => {
      const observer = { ...unseen, onWarning: (text: string) => warnings.push(text) };
      await expect(trainRun(session, folder, observer, never)).rejects.toThrow(
        /^2 pictures that cannot be read, with 2 people: .*; --skip-broken 1 leaves out .*; the run is saved, go on with --resume /,
      );
      expect(warnings).toEqual([expect.stringMatching(/im[35]\.png: cannot be read as an image .*; it is left out$/)]);
      const saved = await loadRun(folder.last);
      expect(saved.progress.broken).toHaveLength(1);
      const config = resumeConfig(saved.config, { skipBroken: '2' }, 'run');
      expect(config.skipBroken).toBe(2);
      for (const [most, contents] of [
        [2, broken],
        [1, {}],
      ] as const) {
        await dataSet('limit', contents);
        const next = await open('limit', saved.progress.broken, 0, most);
        resumeSession(next, saved);
        expect(await trainRun(next, folder, unseen, never)).toBe(true);
        expect(next.progress.broken).toHaveLength(most);
      }
    });
  });
});
