import { describe, expect, test } from 'vitest';
import { ShapeError } from '../../src/errors.js';
import * as batchNorm from '../../src/nn/batchNorm.js';
import * as conv2d from '../../src/nn/conv2d.js';
import * as convTranspose2d from '../../src/nn/convTranspose2d.js';
import {
  fans,
  kaimingNormal,
  kaimingUniform,
  normal,
  torchUniform,
  uniform,
  xavierNormal,
  xavierUniform,
} from '../../src/nn/init.js';
import * as linear from '../../src/nn/linear.js';
import * as mlp from '../../src/nn/mlp.js';
import { namedTensors, parameterCount } from '../../src/nn/tree.js';
import { cpu } from '../../src/tensor/cpu.js';
import { Rng } from '../../src/tensor/rng.js';
import { values } from '../numbers.js';

describe('init', () => {
  const shape = [3, 5, 16, 24];
  const fanIn = 3 * 5 * 16;
  const fanOut = 3 * 5 * 24;

  test('fans count the inputs and outputs of one weight', () => {
    expect(fans(shape)).toEqual({ fanIn, fanOut });
    expect(fans([7, 11])).toEqual({ fanIn: 11, fanOut: 7 });
    expect(() => fans([3])).toThrow(ShapeError);
  });

  test.each([
    ['torchUniform', torchUniform, 1 / Math.sqrt(3 * fanIn), true],
    ['kaimingUniform', kaimingUniform, Math.sqrt(2 / fanIn), true],
    ['kaimingNormal', kaimingNormal, Math.sqrt(2 / fanIn), false],
    ['xavierUniform', xavierUniform, Math.sqrt(2 / (fanIn + fanOut)), true],
    ['xavierNormal', xavierNormal, Math.sqrt(2 / (fanIn + fanOut)), false],
  ] as const)('%s has the deviation of its formula', async (_, init, std, bounded) => {
    const w = await values(init(new Rng(4), cpu(), shape));
    const n = w.length;
    const mean = w.reduce((a, b) => a + b, 0) / n;
    const measured = Math.sqrt(w.reduce((a, b) => a + b * b, 0) / n);
    expect(Math.abs(mean)).toBeLessThan((4 * std) / Math.sqrt(n));
    // The relative deviation of a sample's standard deviation is at most 1 / sqrt(2 n); four of them.
    expect(Math.abs(measured / std - 1)).toBeLessThan(4 / Math.sqrt(2 * n));
    expect(Math.max(...w.map(Math.abs)) <= std * Math.sqrt(3)).toBe(bounded);
  });

  test.each([
    () => kaimingUniform(new Rng(4), cpu(), shape, { fan: 'fan_in' as never }),
    () => xavierNormal(new Rng(4), cpu(), shape, Number.NaN),
    () => uniform(new Rng(4), cpu(), shape, undefined as never),
    () => normal(new Rng(4), cpu(), shape, Number.POSITIVE_INFINITY),
  ])('refuses a spread that would fill weights with NaN or infinity: %#', (draw) => {
    expect(draw).toThrow(/^init: the spread is (NaN|undefined|Infinity), expected a finite number/);
  });

  test('fan-out and gain scale Kaiming', async () => {
    const draw = async (options: object) => values(kaimingNormal(new Rng(4), cpu(), shape, options));
    const [a, b] = [await draw({}), await draw({ gain: 1, fan: 'fanOut' })];
    expect(b[17] / a[17]).toBeCloseTo(Math.sqrt(fanIn / fanOut / 2), 6);
  });
});

describe('layers', () => {
  test('linear draws bias and weight within 1 / sqrt(fanIn), and has no bias on request', async () => {
    const { weight, bias } = linear.init(new Rng(1), cpu(), { inputs: 100, outputs: 50 });
    for (const t of [weight, bias!]) {
      const largest = Math.max(...(await values(t)).map(Math.abs));
      expect(largest).toBeLessThanOrEqual(0.1);
      expect(largest).toBeGreaterThan(0.09);
    }
    expect(linear.init(new Rng(1), cpu(), { inputs: 2, outputs: 3, bias: false })).not.toHaveProperty('bias');
  });

  test('conv2d takes groups, strides and no bias', () => {
    const device = cpu();
    const params = conv2d.init(new Rng(1), device, { inputs: 6, outputs: 4, kernel: [3, 1], groups: 2, bias: false });
    expect(params.weight.shape).toEqual([3, 1, 3, 4]);
    const y = conv2d.apply(params, device.zeros([2, 7, 5, 6]), { groups: 2, stride: [2, 1], padding: [1, 0] });
    expect(y.shape).toEqual([2, 4, 5, 4]);
  });

  test('convTranspose2d reverses the shape of conv2d and adds its bias', async () => {
    const device = cpu();
    const params = convTranspose2d.init(new Rng(1), device, { inputs: 6, outputs: 4, kernel: 4 });
    expect(params.weight.shape).toEqual([4, 4, 4, 6]);
    const y = convTranspose2d.apply(params, device.zeros([1, 3, 2, 6]), { stride: 2, padding: 1 });
    expect(y.shape).toEqual([1, 6, 4, 4]);
    expect((await values(y)).slice(0, 4)).toEqual(await values(params.bias!));
  });

  test('an option of batchNorm that is misspelt does not turn training into evaluation', () => {
    const { params, state } = batchNorm.init(cpu(), 2);
    const apply = () => batchNorm.apply(params, state, cpu().zeros([3, 2]), { train: true } as never);
    expect(apply).toThrow(/^batchNorm.apply: no option is named 'train'; there are training, /);
  });

  test("mlp's parameters have the names of nn.Sequential, and it is the nested formula", async () => {
    const device = cpu();
    const params = mlp.init(new Rng(1), device, { sizes: [2, 3, 1] });
    expect([...namedTensors(params).keys()]).toEqual(['0.weight', '0.bias', '2.weight', '2.bias']);
    expect(parameterCount(params)).toBe(2 * 3 + 3 + 3 + 1);
    const [w0, b0, w1, b1] = await Promise.all([...namedTensors(params).values()].map(values));
    const x = [0.3, -0.7];
    const hidden = b0.map((b, i) => b + w0[2 * i] * x[0] + w0[2 * i + 1] * x[1]).map((v) => (v > 0 ? v : 0.01 * v));
    const want = hidden.reduce((sum, h, i) => sum + w1[i] * h, b1[0]);
    expect(await mlp.apply(params, device.tensor(Float64Array.from(x), [1, 2])).item()).toBeCloseTo(want, 14);
  });
});
