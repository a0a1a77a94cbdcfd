import { describe, expect, test } from 'vitest';
import { grad } from '../src/autograd/grad.js';
import { mul } from '../src/kernels/elementwise/arithmetic.js';
import { globalAveragePool } from '../src/kernels/pool/globalAveragePool.js';
import { maxPool2d } from '../src/kernels/pool/maxPool2d.js';
import { sum } from '../src/kernels/reduction/sum.js';
import type { Tensor } from '../src/tensor/tensor.js';
import { BACKENDS } from './backends.js';
import { expectClose, values } from './numbers.js';
import { kernelTolerance, REFERENCE_RELATIVE } from './tolerance.js';

describe.each(BACKENDS)('pooling on $name', ({ open, tolerance }) => {
  test('the first of equal values takes the gradient', async () => {
    const device = await open();
    const x = device.tensor([2, 2, 1, 2, 5, 5], [1, 2, 3, 1]);
    const dx = grad((t: Tensor) => sum(maxPool2d(t, { kernel: 2, stride: 1 })))(x);
    expect(await values(maxPool2d(x, { kernel: 2, stride: 1 }))).toEqual([5, 5]);
    expect(await values(dx)).toEqual([0, 0, 0, 0, 2, 0]);
    const flat = grad((t: Tensor) => sum(maxPool2d(t)))(device.tensor([3, 3, 3, 3], [1, 2, 2, 1]));
    expect(await values(flat)).toEqual([1, 0, 0, 0]);
  });

  test.each([1, 4])('a NaN wins over every number, with %i channels', async (channels) => {
    const device = await open();
    const pixels = [Number.NEGATIVE_INFINITY, -3, Number.NaN, 7, -1, -2, Number.NEGATIVE_INFINITY, -5];
    const x = device.tensor(
      pixels.flatMap((v) => new Array<number>(channels).fill(v)),
      [1, 2, 4, channels],
    );
    const expected = [-1, Number.NaN].flatMap((v) => new Array<number>(channels).fill(v));
    expect(await values(maxPool2d(x))).toEqual(expected);
  });

  test('padding never wins over negative numbers', async () => {
    const device = await open();
    const x = device.tensor([-4, -3, -2, -1], [1, 2, 2, 1]);
    expect(await values(maxPool2d(x, { kernel: 2, stride: 2, padding: 1 }))).toEqual([-4, -3, -2, -1]);
  });

  test('the second derivative goes through the chosen pixels', async () => {
    const device = await open();
    const x = device.tensor([1, 4, 2, 3, -1, 0, -5, -2], [2, 2, 2, 1]);
    const cubes = (t: Tensor) => {
      const y = maxPool2d(t);
      return sum(mul(mul(y, y), y));
    };
    // d2(y^3) = 6 y at the largest of each image, along the direction of all ones.
    expect(await values(grad((t: Tensor) => sum(grad(cubes)(t)))(x))).toEqual([0, 24, 0, 0, 0, 0, 0, 0]);
  });

  test('globalAveragePool is the mean over pixels, and its gradient is spread evenly', async () => {
    const device = await open();
    const x = device.tensor(
      Array.from({ length: 24 }, (_, i) => i * i),
      [2, 2, 3, 2],
    );
    const relative = tolerance(REFERENCE_RELATIVE, kernelTolerance(24).relative);
    const mean = (start: number) => [0, 2, 4, 6, 8, 10].reduce((total, offset) => total + (start + offset) ** 2, 0) / 6;
    const y = globalAveragePool(x);
    expect(y.shape).toEqual([2, 2]);
    expectClose(await values(y), [mean(0), mean(1), mean(12), mean(13)], { relative }, 'means');
    const dx = grad((t: Tensor) => sum(globalAveragePool(t)))(x);
    expectClose(await values(dx), new Array(24).fill(1 / 6), { relative }, 'gradient');
    expect(() => globalAveragePool(device.zeros([2, 3, 4]))).toThrow(/globalAveragePool: input must be \[N, H, W, C\]/);
  });
});
