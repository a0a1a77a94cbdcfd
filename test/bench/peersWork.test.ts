import { describe, expect, test } from 'vitest';
import { disagreement, muted, referenceOf } from '../../bench/peers/measureRow.js';
import { drawOperands } from '../../bench/peers/operands.js';
import { allRows, checkedImages, type Work } from '../../bench/peers/rows.js';

describe('results', () => {
  test('that agree are not complained of; others are, by name', () => {
    const reference = { y: Float64Array.of(1, 2), loss: Float64Array.of(3) };
    expect(disagreement({ y: Float32Array.of(1, 2), loss: Float32Array.of(3) }, reference, 1e-4)).toBeUndefined();
    expect(disagreement({ y: Float32Array.of(1, 2.1), loss: Float32Array.of(3) }, reference, 1e-4)).toMatch(
      /^y is off/,
    );
    expect(disagreement({ y: Float32Array.of(1, 2) }, reference, 1e-4)).toMatch(/^loss is off by Infinity/);
  });
});

describe('the reference', () => {
  const works: Work[] = [
    {
      kind: 'convTranspose2d',
      x: [1, 5, 5, 3],
      filter: [3, 3, 2, 3],
      y: [1, 5, 5, 2],
      stride: 1,
      padding: 1,
      groups: 1,
    },
    { kind: 'batchNorm', x: [2, 3, 3, 4], relu: true },
    { kind: 'softmax', rows: 2, columns: 5 },
    { kind: 'flow', points: 3 },
    { kind: 'rle', batch: 2, joints: 3 },
    { kind: 'adam', width: 2 },
    { kind: 'step', depth: 18, width: 2, stem: 3, batch: 2, size: [16, 16], joints: 3 },
  ];

  test.each(works)('does work of every kind: $kind', async (work) => {
    const results = await referenceOf(work, await drawOperands(work), undefined);
    const values = Object.values(results).flatMap((array) => [...array]);
    expect(values.length).toBeGreaterThan(0);
    expect(values.every(Number.isFinite)).toBe(true);
    expect(values.some((value) => value !== 0)).toBe(true);
  });
});

describe('work that is too large for the reference', () => {
  const conv = { x: [3, 5, 4, 2], filter: [3, 3, 2, 3], y: [3, 5, 4, 3], stride: 1, padding: 1, groups: 1 };
  const works: Work[] = [
    { kind: 'matmul', m: 3, k: 4, n: 2 },
    { kind: 'conv2d', ...conv },
    { kind: 'conv2dInput', ...conv },
    { kind: 'conv2dWeight', ...conv },
  ];

  test.each(works)('is checked on its leading images: $kind', async (work) => {
    const operands = muted(work, await drawOperands(work), 2);
    const [whole, part] = [await referenceOf(work, operands, undefined), await referenceOf(work, operands, 2)];
    expect(disagreement(whole, part, 1e-12)).toBeUndefined();
    expect(part.y.length).toBe(work.kind === 'conv2dWeight' ? whole.y.length : (whole.y.length / 3) * 2);
  });

  test('is cut to three billion operations, and small work is not cut', () => {
    const row = allRows().find(({ name }) => name === 'matmul 4096')!;
    expect(checkedImages(row, 4096)).toBe(89); // 4096 * 3e9 / 2^37 = 89.4
    expect(checkedImages({ ...row, flop: 1e6 }, 8)).toBe(8);
    expect(checkedImages({ ...row, flop: 1e12 }, 8)).toBe(1);
  });
});
