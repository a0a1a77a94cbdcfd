import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from 'wgrad';
import { figures } from '../../src/figures/figures.js';
import { evaluationBatches, TrainingBatches } from '../../src/train/batches.js';
import { type LoadedData, loadData } from '../../src/train/samples.js';
import { startSession } from '../../src/train/session.js';
import { TINY, tinyData } from './runs.js';

let data: LoadedData;
beforeAll(async () => {
  data = await tinyData();
});

describe('TrainingBatches', () => {
  test('a batch depends on seed, epoch and index alone, not on what was asked before', async () => {
    const inOrder = new TrainingBatches(data, TINY);
    const seen = [await inOrder.at(1, 0), await inOrder.at(1, 1), await inOrder.at(1, 2)];
    const jump = new TrainingBatches(data, TINY);
    expect(await jump.at(1, 2)).toEqual(seen[2]);
    expect(await jump.at(1, 1)).toEqual(seen[1]);
    expect((await jump.at(2, 1)).pixels).not.toEqual(seen[1].pixels);
    const other = new TrainingBatches(data, { ...TINY, seed: 5 });
    expect((await other.at(1, 1)).pixels).not.toEqual(seen[1].pixels);
  });

  test('colour is augmented on a stream of its own', async () => {
    const [plain, bright] = await Promise.all(
      [0, 0.3].map((colour) => new TrainingBatches(data, { ...TINY, colour }).at(0, 0)),
    );
    expect(bright).toEqual({ ...plain, colour: bright.colour });
    const ratios = bright.colour.map((gain, i) => (i % 12 < 3 ? gain / plain.colour[i] : 1));
    expect(Math.max(...ratios.map((ratio) => Math.abs(ratio - 1)))).toBeGreaterThan(0.1);
    for (const ratio of ratios) expect(Math.abs(ratio - 1)).toBeLessThan(0.3);
  });

  test('an epoch shows every image at most once, in full batches, and drops the rest', async () => {
    const batches = new TrainingBatches(data, TINY);
    expect(batches.length).toBe(5); // 21 images in batches of 4
    const targets = new Set<string>();
    for (let index = 0; index < batches.length; index++) {
      const { target, weight } = await batches.at(0, index);
      expect(weight.every((w) => w === 1)).toBe(true);
      for (let row = 0; row < 4; row++) targets.add(target.slice(28 * row, 28 * row + 28).join());
    }
    expect(targets.size).toBe(20);
  });

  test('of endless figures no epoch repeats one of another, and nothing is kept of them', async () => {
    const endless = await loadData(figures({ train: 9, test: 4, endless: true }));
    expect(endless.train.held).toBeUndefined();
    const asked: number[] = [];
    const sample = (index: number) => {
      asked.push(index);
      return endless.train.sample(index);
    };
    const batches = new TrainingBatches({ ...endless, train: { ...endless.train, sample } }, { ...TINY, batch: 3 });
    for (const epoch of [0, 1, 2]) for (const index of [0, 1, 2]) await batches.at(epoch, index);
    expect(asked.sort((a, b) => a - b)).toEqual(Array.from({ length: 27 }, (_, i) => i));
    expect(await new TrainingBatches(endless, { ...TINY, batch: 3 }).at(2, 1)).toEqual(await batches.at(2, 1));
  });

  test.each([2, 4])('%i ranks share each batch: the same images, varied in the same way', async (size) => {
    const config = { ...TINY, colour: 0.2 };
    const whole = await new TrainingBatches(data, config).at(1, 2);
    const shares = Array.from({ length: size }, (_, rank) =>
      new TrainingBatches(data, { ...config, share: { rank, size } }).at(1, 2),
    );
    const parts = await Promise.all(shares);
    for (const field of ['matrix', 'colour', 'target', 'weight'] as const) {
      expect(parts.flatMap((part) => Array.from(part[field]))).toEqual(Array.from(whole[field]));
    }
    // The pictures lie in memory of each rank's own.
    expect(parts.flatMap(({ places }) => Array.from(places).filter((_, i) => i % 3 > 0))).toEqual(
      Array.from(whole.places).filter((_, i) => i % 3 > 0),
    );
  });

  test('two ranks whose batch norms see each other share every part of a batch', async () => {
    const config = { ...TINY, batch: 8, accumulate: 2 };
    const whole = Array.from((await new TrainingBatches(data, config).at(1, 1)).target);
    const joints = whole.length / 8;
    const rows = (first: number, count: number) => whole.slice(first * joints, (first + count) * joints);
    for (const rank of [0, 1]) {
      const share = { rank, size: 2, syncBatchNorm: true };
      const own = await new TrainingBatches(data, { ...config, share }).at(1, 1);
      expect(Array.from(own.target)).toEqual([...rows(2 * rank, 2), ...rows(4 + 2 * rank, 2)]);
    }
  });

  test('says when the images do not fill one batch', () => {
    expect(() => new TrainingBatches(data, { ...TINY, batch: 64 })).toThrow(
      '--batch 64: figures has 21 training images; give at most as many',
    );
    const of = (batch: number, size: number) => () =>
      new TrainingBatches(data, { ...TINY, batch, share: { rank: 0, size } });
    expect(of(24, 3)).toThrow('--batch 8 on each of 3 ranks: figures has 21 training images; give at most 7');
    expect(of(24, 12)).toThrow('--batch 2 on each of 12 ranks: figures has 21 training images; start fewer ranks');
  });
});

test('inputs that are not square show crops of their proportions, in training and in evaluation', async () => {
  const config = { ...TINY, aspect: 0.75 };
  const { dataset } = data;
  const narrow = await loadData({ ...dataset, test: { ...dataset.test, length: 4 } }, { aspect: 0.75 });
  const { height } = narrow.test[0].crop;
  expect(narrow.test[0].crop.width).toBeCloseTo(0.75 * height, 9);
  // Columns and rows of the input are equally far apart in the image, whatever the turn.
  const training = await new TrainingBatches(narrow, config).at(0, 0);
  const [{ upright }] = [...evaluationBatches(dataset.schema, narrow.test, config, false)];
  for (const { matrix } of [training, upright]) {
    for (let row = 0; row < config.batch; row++) {
      const [a, b, , d, e] = matrix.subarray(6 * row, 6 * row + 6);
      expect(Math.hypot(a, d) / Math.hypot(b, e)).toBeCloseTo(1, 6);
    }
  }
  expect(Math.hypot(upright.matrix[0], upright.matrix[3])).toBeCloseTo(height / config.size, 5);
  const device = cpu();
  expect(() => startSession(device, config, data)).toThrow(/do not suit inputs of 12 x 16; load the data with/);
  device.destroy();
});

test('evaluationBatches: every image once, rows beyond the last have weight 0', () => {
  const rows = [...evaluationBatches(data.dataset.schema, data.test, TINY, false)].map(
    ({ first, count, upright: batch }) => ({
      first,
      count,
      weight: batch.weight.reduce((sum, w) => sum + w, 0),
    }),
  );
  expect(rows.map(({ first, count }) => [first, count])).toEqual([
    [0, 4],
    [4, 4],
    [8, 4],
    [12, 1],
  ]);
});

test('evaluationBatches: ranks take them in turn, so that each image is predicted once', () => {
  const firsts = [0, 1, 2].map((rank) =>
    [...evaluationBatches(data.dataset.schema, data.test, TINY, false, { rank, size: 3 })].map(({ first }) => first),
  );
  expect(firsts).toEqual([[0, 12], [4], [8]]);
});
