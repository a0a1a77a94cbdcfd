import { describe, expect, test } from 'vitest';
import { grad } from '../../src/autograd/grad.js';
import { relu } from '../../src/kernels/elementwise/activation.js';
import { clamp } from '../../src/kernels/elementwise/clamp.js';
import { sum } from '../../src/kernels/reduction/sum.js';

import { cpu } from '../../src/tensor/cpu.js';
import type { Device, Tensor } from '../../src/tensor/tensor.js';
import { values } from '../numbers.js';
import { cutAlike, expectGradients, observeCuts } from './cutAlike.js';

describe('a reference that cuts alike', () => {
  const inputs = [1e-7, -1e-7, 1, -1, 6 + 1e-6, 6 - 1e-6];
  const rounded = [-1e-7, 1e-7, 1, -1, 6 - 1e-6, 6 + 1e-6];
  const slopes = (device: Device, data: readonly number[]) =>
    grad((x: Tensor) => sum(clamp(relu(x), { min: 0, max: 6 })))(device.tensor(data));

  test('has the slopes of the other device where rounding takes an input across a kink', async () => {
    const [other, cuts] = await observeCuts(() => slopes(cpu(), rounded));
    expect(await values(other)).toEqual([0, 1, 1, 0, 1, 0]);
    expect(await values(slopes(cpu(), inputs))).toEqual([1, 0, 1, 0, 0, 1]);
    expect(await values(slopes(cutAlike(cuts), inputs))).toEqual([0, 1, 1, 0, 1, 0]);
  });

  test('refuses what is farther apart than rounding, or of another network', async () => {
    const [, cuts] = await observeCuts(() => slopes(cpu(), [1, 1, -1, -1, 1, 1]));
    expect(() => slopes(cutAlike(cuts), inputs)).toThrow(/not cut alike/);
    expect(() => slopes(cutAlike(cuts), [1, 2])).toThrow(/relu/);
  });

  test('judges tensor by tensor and as a whole', async () => {
    const device = cpu();
    const named = (small: number, large: number) =>
      new Map([
        ['small', device.tensor([small, 0])],
        ['large', device.tensor([0, large])],
        ['cancelled', device.tensor([small * 1e-15])],
      ]);
    const judge = (small: number, large: number) =>
      expectGradients(named(small, large), named(1, 1000), { whole: 1e-5, tensor: 2e-4 });
    await judge(1.0005, 1000);
    await expect(judge(1.0007, 1000)).rejects.toThrow(/gradient of small, of norm 1:/);
    await expect(judge(1, 1000.2)).rejects.toThrow(/gradients of norm 1000/);
    await expect(judge(1, Number.NaN)).rejects.toThrow(/gradient of large/);
  });
});
