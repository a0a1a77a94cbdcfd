import { describe, expect, test } from 'vitest';
import { valueAndGrad } from '../../src/autograd/grad.js';
import { broadcastTo } from '../../src/kernels/reduction/sum.js';
import { adam } from '../../src/nn/optim.js';
import { runningErrorScale } from '../../src/rle/errorScale.js';
import { type AffineParams, affineFlow } from '../../src/rle/flows/affineFlow.js';
import type { Flow } from '../../src/rle/flows/flow.js';
import { realNvp } from '../../src/rle/flows/realNvp.js';
import { unitVariance } from '../../src/rle/flows/unitVariance.js';
import { rle } from '../../src/rle/rle.js';
import { packParameters } from '../../src/tensor/arena.js';
import { Rng } from '../../src/tensor/rng.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { expectClose, values } from '../numbers.js';
import { CALIBRATION_SHARE } from '../tolerance.js';
import { randomised, reference } from './randomised.js';

const nvp = realNvp({ dims: 2, hidden: 8 });

describe('a flow of unit variance', () => {
  const params = randomised(nvp, 17);
  const unit = unitVariance(nvp, { draws: 2000 });

  test('has draws of unit variance, unlike the flow', async () => {
    const std = async (flow: typeof nvp, d: number) => {
      const x = (await values(flow.sample(params, 20_000, new Rng(9)))).filter((_, i) => i % 2 === d);
      const centre = x.reduce((a, b) => a + b) / x.length;
      return Math.sqrt(x.reduce((sum, v) => sum + (v - centre) ** 2, 0) / x.length);
    };
    for (const d of [0, 1]) {
      expect(Math.abs((await std(nvp, d)) - 1)).toBeGreaterThan(0.1);
      // Of 2,000 draws with tails a little heavier than the normal's: 1 / sqrt(4000) is 1.6 %, three of them.
      expect(Math.abs((await std(unit, d)) - 1)).toBeLessThan(0.05);
    }
  });

  test('is a flow: round trip, and log-density from both directions', async () => {
    const z = reference.tensor([0.3, -1.2, 0.8, 0.1], [2, 2]);
    const [x, up] = unit.forward(params, z);
    const [back, down] = unit.inverse(params, x);
    expectClose(await values(back), await values(z), { absolute: 1e-10 }, 'z');
    expectClose(
      await values(down),
      (await values(up)).map((v) => -v),
      { absolute: 1e-10 },
      'logDet',
    );
    const base = (await values(z)).map((v) => 0.5 * v * v + 0.5 * Math.log(2 * Math.PI));
    const want = (await values(up)).map((l, i) => -base[2 * i] - base[2 * i + 1] - l);
    expectClose(await values(unit.logProb(params, x)), want, { absolute: 1e-10 }, 'logProb');
  });
});

describe('the scale of sigma, errors of standard deviation 0.05', () => {
  const STD = 0.05;
  const N = 200;
  type Params = { logit: Tensor; flow: AffineParams };

  function labels(): Tensor {
    const rng = new Rng(3);
    const e = Array.from({ length: N }, () => rng.normal());
    const rms = Math.sqrt(e.reduce((sum, v) => sum + v * v, 0) / N);
    return reference.tensor(
      e.map((v) => (STD * v) / rms),
      [N, 1, 1],
    );
  }

  /** One sigma for all labels, and an affine flow, by the reparameterised design. */
  async function train(flow: Flow<AffineParams>, sigma: number): Promise<{ sigma: number; width: number }> {
    const target = labels();
    let params: Params = packParameters({
      logit: reference.tensor([Math.log(sigma / (1 - sigma))], [1, 1, 1]),
      flow: flow.init(new Rng(0), reference),
    });
    let state = adam.init(params);
    const step = valueAndGrad((p: Params) => {
      const logit = broadcastTo(p.logit, { shape: [N, 1, 1] });
      const prediction = { mu: reference.zeros([N, 1, 1]), logit };
      return rle(prediction, { target }, { flow, params: p.flow, design: 'reparameterised' });
    });
    for (let i = 0; i < 250; i++) {
      const [, gradient] = step(params);
      [params, state] = adam.step(params, gradient, state, { lr: i < 170 ? 0.05 : 0.005 });
    }
    return {
      sigma: 1 / (1 + Math.exp(-(await params.logit.item()))),
      width: Math.exp(await params.flow.s.item()),
    };
  }

  test('drifts with the flow, but their product is the truth', async () => {
    const [a, b] = [await train(affineFlow({ dims: 1 }), 0.12), await train(affineFlow({ dims: 1 }), 0.5)];
    expect(Math.abs(a.sigma / b.sigma - 1)).toBeGreaterThan(0.2);
    for (const { sigma, width } of [a, b]) expect(Math.abs((sigma * width) / STD - 1)).toBeLessThan(CALIBRATION_SHARE);
  });

  test.each([0.12, 0.5])('is the truth itself with a flow of unit variance, from %f', async (start) => {
    const { sigma } = await train(unitVariance(affineFlow({ dims: 1 }), { draws: 2000, seed: 1 }), start);
    expect(Math.abs(sigma / STD - 1)).toBeLessThan(CALIBRATION_SHARE);
  });

  test('is the truth once multiplied by the running scale', async () => {
    const prediction = { mu: reference.zeros([N, 1, 1]), logit: reference.zeros([N, 1, 1]) };
    let scale = reference.tensor([1]);
    for (let i = 0; i < 150; i++) scale = runningErrorScale(scale, prediction, { target: labels() }, { decay: 0.9 });
    expect(Math.abs((0.5 * (await scale.item())) / STD - 1)).toBeLessThan(CALIBRATION_SHARE);
  });
});

describe('the running scale', () => {
  const prediction = { mu: reference.zeros([1, 2, 1]), logit: reference.zeros([1, 2, 1]) };

  test('is one step of an average of squares over what is labelled', async () => {
    const labels = {
      target: reference.tensor([1.5, Number.NaN], [1, 2, 1]),
      weight: reference.tensor([1, 0], [1, 2, 1]),
    };
    const next = runningErrorScale(reference.tensor([2]), prediction, labels, { decay: 0.75 });
    expect(await next.item()).toBeCloseTo(Math.sqrt(0.75 * 4 + 0.25 * 9), 12);
  });

  test('stays where nothing is labelled', async () => {
    const labels = { target: reference.tensor([1.5, 2], [1, 2, 1]), weight: reference.zeros([1, 2, 1]) };
    expect(await runningErrorScale(reference.tensor([2]), prediction, labels).item()).toBe(2);
  });

  test('refuses a decay of one', () => {
    const labels = { target: reference.zeros([1, 2, 1]) };
    expect(() => runningErrorScale(reference.tensor([2]), prediction, labels, { decay: 1 })).toThrow(
      /decay must be in/,
    );
  });
});
