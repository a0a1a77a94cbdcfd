import { beforeAll, describe, expect, test } from 'vitest';
import { evaluationBatches, TrainingBatches } from '../../../src/pose/train/batches.js';
import type { LoadedData } from '../../../src/pose/train/samples.js';
import { TINY, tinyData } from './runs.js';

let data: LoadedData;
beforeAll(async () => {
  data = await tinyData();
});

const copy = (values: Float32Array) => values.slice();

describe('TrainingBatches', () => {
  test('a batch depends on seed, epoch and index alone, not on what was asked before', () => {
    const inOrder = new TrainingBatches(data, TINY);
    const seen = [0, 1, 2].map((index) => copy(inOrder.at(1, index).images));
    const jump = new TrainingBatches(data, TINY);
    expect(jump.at(1, 2).images).toEqual(seen[2]);
    expect(jump.at(1, 1).images).toEqual(seen[1]);
    expect(jump.at(2, 1).images).not.toEqual(seen[1]);
    expect(new TrainingBatches(data, { ...TINY, seed: 5 }).at(1, 1).images).not.toEqual(seen[1]);
  });

  test('an epoch shows every image at most once, in full batches, and drops the rest', () => {
    const batches = new TrainingBatches(data, TINY);
    expect(batches.length).toBe(5); // 21 images in batches of 4
    const targets = new Set<string>();
    for (let index = 0; index < batches.length; index++) {
      const { target, weight } = batches.at(0, index);
      expect(weight.every((w) => w === 1)).toBe(true);
      for (let row = 0; row < 4; row++) targets.add(target.slice(28 * row, 28 * row + 28).join());
    }
    expect(targets.size).toBe(20);
  });

  test('says when the images do not fill one batch', () => {
    expect(() => new TrainingBatches(data, { ...TINY, batch: 64 })).toThrow(
      '--batch 64: figures has 21 training images; give at most as many',
    );
  });
});

test('evaluationBatches: every image once, rows beyond the last have weight 0', () => {
  const rows = [...evaluationBatches(data.dataset.schema, data.test, TINY, false)].map(({ first, count, batch }) => ({
    first,
    count,
    weight: batch.weight.reduce((sum, w) => sum + w, 0),
  }));
  expect(rows.map(({ first, count }) => [first, count])).toEqual([
    [0, 4],
    [4, 4],
    [8, 4],
    [12, 1],
  ]);
});
