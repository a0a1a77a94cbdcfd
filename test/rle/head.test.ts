import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { grad } from '../../src/autograd/grad.js';
import { sum } from '../../src/kernels/reduction/sum.js';
import * as head from '../../src/rle/head.js';
import { cpu } from '../../src/tensor/cpu.js';
import { Rng } from '../../src/tensor/rng.js';
import { gradcheck } from '../../src/testing/gradcheck.js';
import { BACKENDS } from '../backends.js';
import { expectClose, flat, type Nested, values } from '../numbers.js';
import { GPU_LOSS_RELATIVE, REFERENCE_RELATIVE } from '../tolerance.js';

const golden = JSON.parse(readFileSync(new URL('../golden/rle_golden.json', import.meta.url), 'utf8')) as {
  readonly norm_linear: Record<'x' | 'W' | 'b' | 'y', Nested>;
  readonly loss2d: { readonly logit: Nested; readonly score: Nested };
};

describe.each(BACKENDS)('head on $name', ({ open, tolerance }) => {
  const relative = tolerance(REFERENCE_RELATIVE, GPU_LOSS_RELATIVE);

  test('coordinates are the official feature-normalised layer', async () => {
    const device = await open();
    const { x, W, b, y } = golden.norm_linear;
    const make = (v: Nested, shape: number[]) => device.tensor(Float64Array.from(flat(v)), shape);
    const layer = { linear: { weight: make(W, [3, 4]), bias: make(b, [3]) } };
    const { mu } = head.apply({ fc_coord: layer, fc_sigma: layer }, make(x, [2, 4]), { dims: 3 });
    expect(mu.shape).toEqual([2, 1, 3]);
    expectClose(await values(mu), y, { relative, absolute: relative }, 'mu');
  });

  test('features that are all zero give finite outputs and gradients', async () => {
    const device = await open();
    const params = head.init(new Rng(1), device, { inputs: 8, joints: 3 });
    const gradient = grad((x: Parameters<typeof head.apply>[1]) => sum(head.apply(params, x).mu))(device.zeros([2, 8]));
    expect((await values(gradient)).every(Number.isFinite)).toBe(true);
    const { mu } = head.apply(params, device.zeros([2, 8]));
    const bias = await values(params.fc_coord.linear.bias!);
    expect(await values(mu)).toEqual([...bias, ...bias]);
  });

  test('confidence is one minus the mean sigma', async () => {
    const device = await open();
    const { logit, score } = golden.loss2d;
    const a = device.tensor(Float64Array.from(flat(logit)), [3, 4, 2]);
    expectClose(await values(head.confidence(a)), score, { relative }, 'confidence');
  });
});

describe('head', () => {
  test('weights start at a hundredth of Xavier, so that mu is near its bias and sigma near 1/2', async () => {
    const params = head.init(new Rng(2), cpu(), { inputs: 512, joints: 17 });
    const bound = 0.01 * Math.sqrt(6 / (512 + 34));
    const w = await values(params.fc_coord.linear.weight);
    expect(Math.max(...w.map(Math.abs))).toBeLessThanOrEqual(bound);
    expect(Math.max(...w.map(Math.abs))).toBeGreaterThan(0.99 * bound);
  });

  test("starts as mmpose's on request: normal weights of deviation 0.01, no bias", async () => {
    const { fc_sigma } = head.init(new Rng(2), cpu(), { inputs: 512, joints: 17, weights: 'mmpose' });
    const w = await values(fc_sigma.linear.weight);
    // The relative deviation of a sample's standard deviation is 1 / sqrt(2 n); four of them.
    const deviation = Math.sqrt(w.reduce((s, v) => s + v * v, 0) / w.length);
    expect(Math.abs(deviation / 0.01 - 1)).toBeLessThan(4 / Math.sqrt(2 * w.length));
    expect(await values(fc_sigma.linear.bias!)).toEqual(new Array(34).fill(0));
  });

  test('the plain layer is affine', async () => {
    const device = cpu();
    const params = head.init(new Rng(3), device, { inputs: 4, joints: 2 });
    const at = async (scale: number) => {
      const x = device.tensor(
        Float64Array.from([1, -2, 0.5, 3], (v) => v * scale),
        [1, 4],
      );
      return values(head.apply(params, x, { normalise: false }).mu);
    };
    const [zero, one, two] = [await at(0), await at(1), await at(2)];
    expectClose(
      two.map((v, i) => v - one[i]),
      one.map((v, i) => v - zero[i]),
      { absolute: 1e-14 },
      'difference',
    );
  });

  test('gradients of the normalised layer agree with differences', async () => {
    const device = cpu();
    const params = head.init(new Rng(4), device, { inputs: 5, joints: 2 });
    const x = device.tensor(
      Float64Array.from({ length: 15 }, (_, i) => Math.cos(i) + 1.2),
      [3, 5],
    );
    await gradcheck((y) => head.apply(params, y).mu, [x], { order: 2 });
  });

  test('features and outputs that do not fit are refused', () => {
    const device = cpu();
    const params = head.init(new Rng(5), device, { inputs: 4, joints: 2 });
    expect(() => head.apply(params, device.zeros([1, 2, 4]))).toThrow(/features \[B, C\]/);
    expect(() => head.apply(params, device.zeros([1, 4]), { dims: 3 })).toThrow(/multiple of 3/);
  });
});
