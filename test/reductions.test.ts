import { describe, expect, test } from 'vitest';
import { grad } from '../src/autograd/grad.js';
import { argMax, max, min } from '../src/kernels/reduction/extremum.js';
import { logSumExp } from '../src/kernels/reduction/logSumExp.js';
import { mean } from '../src/kernels/reduction/mean.js';
import { logSoftmax } from '../src/kernels/reduction/softmax.js';
import { sum } from '../src/kernels/reduction/sum.js';
import type { Tensor } from '../src/tensor/tensor.js';
import { webgpu } from '../src/tensor/webgpu.js';
import { withGpu } from './adapter.js';
import { BACKENDS } from './backends.js';

const inf = Number.POSITIVE_INFINITY;
const list = async (t: Tensor) => Array.from(await t.data());

/** The kernels of a real GPU, whose workgroups reduce together, on whatever adapter there is. */
const asGpu = { name: 'GPU, told that it is a real one', open: () => webgpu({ assume: { tier: 'gpu' } }) };

describe.each([...BACKENDS, ...(withGpu ? [asGpu] : [])])('$name', ({ open }) => {
  test('the gradient of an extremum goes to the first of equals', async () => {
    const device = await open();
    const x = device.tensor([1, 3, -2, 3, -2], [5]);
    expect(await list(grad((p: Tensor) => max(p))(x))).toEqual([0, 1, 0, 0, 0]);
    expect(await list(grad((p: Tensor) => min(p))(x))).toEqual([0, 0, 1, 0, 0]);
  });

  test('zeros of either sign are equal, and infinities are ordered', async () => {
    const device = await open();
    const x = device.tensor([-0, 0, -inf, -1, 1, inf], [3, 2]);
    expect(await list(argMax(x))).toEqual([0, 1, 1]);
    expect(await list(max(x))).toEqual([inf]);
    expect(await list(min(x))).toEqual([-inf]);
  });

  test('a NaN of either sign wins over every number, wherever it stands', async () => {
    const device = await open();
    const bits = new Float32Array(new Uint32Array([0x7fc00000, 0xffc00000]).buffer);
    for (const nan of bits) {
      for (const at of [0, 3, 4]) {
        const x = device.tensor(Float32Array.of(inf, 1, -inf, 2, -1).fill(nan, at, at + 1), [5]);
        for (const op of [max, min, sum, mean, logSumExp]) expect(await list(op(x))).toEqual([Number.NaN]);
        expect(await list(argMax(x))).toEqual([at]);
      }
    }
  });

  test('log-probabilities survive scores that exp does not', async () => {
    const device = await open();
    const x = device.tensor([1000, 1000, -1000, -1000, -inf, -1e30], [3, 2]);
    const half = Math.fround(-Math.LN2);
    expect((await list(logSoftmax(x))).map(Math.fround)).toEqual([half, half, half, half, -inf, 0]);
    expect(await list(logSumExp(device.tensor([-inf, -inf])))).toEqual([-inf]);
    expect(await list(logSumExp(device.tensor([inf, 1])))).toEqual([inf]);
  });

  test('every way through the stages adds every element once', async () => {
    const device = await open();
    // Powers of two keep the sums exact, so that a lost, doubled or misplaced element shows.
    for (const [outer, reduce, inner] of [
      [1, 70_001, 1],
      [1, 70_004, 1],
      [3, 9001, 3],
      [2, 4097, 4],
      [5, 33, 1],
      [1, 3001, 64],
      [300, 37, 1],
      [9, 1028, 1],
      [1, 257, 130],
      [2, 2053, 68],
      [700, 9, 100],
      [20_000, 3, 4],
    ]) {
      const data = Float32Array.from({ length: outer * reduce * inner }, (_, i) => 2 ** (i % 7));
      const wanted = new Array<number>(outer * inner).fill(0);
      data.forEach((v, k) => {
        wanted[Math.floor(k / (reduce * inner)) * inner + (k % inner)] += v;
      });
      const x = device.tensor(data, [outer, reduce, inner]);
      expect(await list(sum(x, { axes: 1 }))).toEqual(wanted);
      x.dispose();
    }
  });
});
