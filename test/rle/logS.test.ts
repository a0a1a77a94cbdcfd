import { describe, expect, test } from 'vitest';
import { valueAndGrad } from '../../src/autograd/grad.js';
import { add, neg } from '../../src/kernels/elementwise/arithmetic.js';
import { mean } from '../../src/kernels/reduction/mean.js';
import { adam } from '../../src/nn/optim.js';
import { type AffineParams, affineFlow } from '../../src/rle/flows/affineFlow.js';
import { couplingFlow } from '../../src/rle/flows/couplingFlow.js';
import { affine } from '../../src/rle/flows/transforms.js';
import { type LogSMethod, logS, logSNodes } from '../../src/rle/logS.js';
import { packParameters } from '../../src/tensor/arena.js';

import { Rng } from '../../src/tensor/rng.js';
import type { Device, Tensor } from '../../src/tensor/tensor.js';
import { gradcheck } from '../../src/testing/gradcheck.js';
import { BACKENDS } from '../backends.js';
import { expectClose, values } from '../numbers.js';
import { LOG_S_DRAWS, LOG_S_GRID } from '../tolerance.js';
import { randomised, reference } from './randomised.js';

const SHIFT = [0.3, -0.6];
const LOG_SCALE = [-0.4, 0.2];
const normal = affineFlow({ dims: 2 });

const affineParams = (device: Device): AffineParams => ({ t: device.tensor(SHIFT), s: device.tensor(LOG_SCALE) });

/** The product of N(x; t, e^2s) and N(x; 0, 1) integrates to N(t; 0, 1 + e^2s). */
const closedLogS = SHIFT.reduce((sum, t, d) => {
  const variance = 1 + Math.exp(2 * LOG_SCALE[d]);
  return sum + 0.5 * Math.log(2 * Math.PI * variance) + t ** 2 / (2 * variance);
}, 0);
const closedGradient = {
  t: SHIFT.map((t, d) => t / (1 + Math.exp(2 * LOG_SCALE[d]))),
  s: SHIFT.map((t, d) => {
    const spread = Math.exp(2 * LOG_SCALE[d]);
    return (spread / (1 + spread)) * (1 - t ** 2 / (1 + spread));
  }),
};

describe.each(BACKENDS)('a normal G under a normal Q on $name', ({ open }) => {
  test.each([
    ['importance', LOG_S_DRAWS],
    ['jitteredGrid', LOG_S_GRID],
  ] as const)('%s finds the closed form and its gradient', async (method, allowed) => {
    const device = await open();
    const params = affineParams(device);
    const nodes = logSNodes(method, normal, device, { rng: new Rng(2), q: 'gaussian', samples: 40_000 });
    const [value, gradient] = valueAndGrad((p: AffineParams) => logS(normal, p, nodes))(params);
    expectClose([await value.item()], [closedLogS], { absolute: allowed }, 'log s');
    expectClose(await values(gradient.t), closedGradient.t, { absolute: allowed }, 'dt');
    expectClose(await values(gradient.s), closedGradient.s, { absolute: allowed }, 'ds');
  });
});

describe('log s', () => {
  test('of a Laplace under a Laplace is log 2 (1 + b)', async () => {
    const flow = affineFlow({ dims: 1, base: 'laplace' });
    const params = { t: reference.zeros([1]), s: reference.tensor([Math.log(0.5)]) };
    const nodes = logSNodes('importance', flow, reference, { rng: new Rng(4), samples: 40_000 });
    expect(Math.abs((await logS(flow, params, nodes).item()) - Math.log(2 * 1.5))).toBeLessThan(LOG_S_DRAWS);
  });

  test('has one value per joint for a flow with a density per joint', async () => {
    const flow = affineFlow({ dims: 2, joints: 2 });
    const params = { t: reference.tensor([...SHIFT, 0, 0], [2, 2]), s: reference.tensor([...LOG_SCALE, 0, 0], [2, 2]) };
    const nodes = logSNodes('jitteredGrid', flow, reference, { rng: new Rng(1), q: 'gaussian' });
    expectClose(
      await values(logS(flow, params, nodes)),
      [closedLogS, Math.log(4 * Math.PI)],
      { absolute: LOG_S_GRID },
      's',
    );
  });

  test.each(['importance', 'jitteredGrid'] as const)('by %s: its gradient is that of differences', async (method) => {
    const flow = couplingFlow({ dims: 2, transform: affine(), couplings: 2, hidden: 3, hiddenLayers: 1 });
    const params = randomised(flow, 3, 0.7);
    const nodes = logSNodes(method, flow, reference, { rng: new Rng(6), samples: 50, pointsPerAxis: 9, reach: 3 });
    const { weight, bias } = params.s[0][0];
    const f = (w: Tensor, b: Tensor) => {
      const s = [{ ...params.s[0], 0: { weight: w, bias: b } }, params.s[1]];
      return logS(flow, { ...params, s }, nodes);
    };
    await gradcheck(f, [weight, bias as Tensor]);
  });

  test.each(['importance', 'jitteredGrid'] as const)('by %s: every call has nodes of its own', async (method) => {
    const rng = new Rng(8);
    const draw = () => values(logSNodes(method, normal, reference, { rng, samples: 5, pointsPerAxis: 3 }).points);
    expect(await draw()).not.toEqual(await draw());
  });

  test('grids that cannot be are refused', () => {
    const flow = affineFlow({ dims: 4 });
    const options = { rng: new Rng(1) };
    expect(() => logSNodes('jitteredGrid', flow, reference, options)).toThrow(
      /57 points on each of 4 axes .* 'importance'/,
    );
    expect(() => logSNodes('importance', flow, reference, { ...options, samples: 0 })).toThrow(/number of samples/);
  });

  test.each(['grid', 'Importance', 'none', true])('%s is no method', (method) => {
    const flow = affineFlow({ dims: 2 });
    const got = typeof method === 'string' ? `'${method}'` : method;
    expect(() => logSNodes(method as never, flow, reference, { rng: new Rng(1) })).toThrow(
      `logSNodes: method must be importance or jitteredGrid, got ${got}`,
    );
  });
});

describe('a short training with a normal Q', () => {
  // P = N(0.3, 0.6^2). A G over G Q = P has the precision 1 / 0.36 - 1, and its mean is P's times the ratio of precisions.
  const MEAN = 0.3;
  const STD = 0.6;
  const precision = 1 / STD ** 2 - 1;
  const residual = { mean: MEAN / STD ** 2 / precision, std: precision ** -0.5 };
  const flow = affineFlow({ dims: 1 });

  /** Quantiles of P, whose moments are set right. */
  function sample(): Tensor {
    const rng = new Rng(1);
    const draws = Array.from({ length: 500 }, () => rng.normal());
    const centre = draws.reduce((a, b) => a + b) / draws.length;
    const spread = Math.sqrt(draws.reduce((sum, d) => sum + (d - centre) ** 2, 0) / draws.length);
    return reference.tensor(
      draws.map((d) => MEAN + (STD * (d - centre)) / spread),
      [draws.length, 1],
    );
  }

  async function train(method: LogSMethod | 'none'): Promise<{ mean: number; std: number }> {
    const x = sample();
    const rng = new Rng(2);
    let params = packParameters(flow.init(new Rng(0), reference));
    let state = adam.init(params);
    const step = valueAndGrad((p: AffineParams) => {
      const likelihood = mean(flow.logProb(p, x));
      if (method === 'none') return neg(likelihood);
      return neg(add(likelihood, logS(flow, p, logSNodes(method, flow, reference, { rng, q: 'gaussian' }))));
    });
    for (let i = 0; i < 300; i++) {
      const [, gradient] = step(params);
      [params, state] = adam.step(params, gradient, state, { lr: i < 200 ? 0.03 : 0.003 });
    }
    return { mean: await params.t.item(), std: Math.exp(await params.s.item()) };
  }

  test('without log s the flow learns the density itself', async () => {
    const learned = await train('none');
    expectClose([learned.mean, learned.std], [MEAN, STD], { absolute: 0.01 }, 'P');
  });

  test.each(['jitteredGrid', 'importance'] as const)('with log s by %s it learns the residual', async (method) => {
    const learned = await train(method);
    expect(Math.abs(residual.std - STD)).toBeGreaterThan(0.1);
    expectClose([learned.mean, learned.std], [residual.mean, residual.std], { absolute: 0.02 }, 'P / (s Q)');
  });
});
