import { describe, expect, test } from 'vitest';
import { grad } from '../../src/autograd/grad.js';
import { ShapeError } from '../../src/errors.js';
import type { StandardDensity } from '../../src/rle/density.js';
import { affineFlow } from '../../src/rle/flows/affineFlow.js';
import { couplingFlow } from '../../src/rle/flows/couplingFlow.js';
import type { Flow } from '../../src/rle/flows/flow.js';
import { realNvp } from '../../src/rle/flows/realNvp.js';
import { affine } from '../../src/rle/flows/transforms.js';
import { logS, logSNodes } from '../../src/rle/logS.js';
import type { Labels, Prediction } from '../../src/rle/prediction.js';
import { type RleOptions, rle } from '../../src/rle/rle.js';
import type { Design } from '../../src/rle/variants.js';

import { Rng } from '../../src/tensor/rng.js';
import type { Device, Tensor } from '../../src/tensor/tensor.js';
import { BACKENDS } from '../backends.js';
import { expectClose, values } from '../numbers.js';
import { GPU_LOSS_RELATIVE, REFERENCE_RELATIVE } from '../tolerance.js';
import { randomised, reference } from './randomised.js';

type Options = Omit<RleOptions, 'flow' | 'params'>;

/** `rle` with a flow, in the order of its parts. */
const likelihood = <P>(prediction: Prediction, labels: Labels, flow: Flow<P>, params: P, options: Options = {}) =>
  rle(prediction, labels, { ...options, flow, params });

const B = 2;
const K = 3;

interface Batch {
  readonly prediction: Required<Prediction>;
  readonly labels: Required<Labels>;
}

/** Three joints of which one is not labelled, its target NaN. */
function batch(dims: number, device: Device = reference): Batch {
  const rng = new Rng(9);
  const shape = [B, K, dims];
  const draw = (scale: number, centre = 0) =>
    Float32Array.from({ length: B * K * dims }, () => centre + scale * rng.normal());
  const target = draw(0.3);
  target.fill(Number.NaN, dims, 2 * dims);
  const weight = Float32Array.from({ length: B * K }, (_, i) => (i === 1 ? 0 : i === 4 ? 0.5 : 1));
  return {
    prediction: { mu: device.tensor(draw(0.3), shape), logit: device.tensor(draw(0.5, -1), shape) },
    labels: { target: device.tensor(target, shape), weight: device.tensor(weight, [B, K, 1]) },
  };
}

const nvp = realNvp({ dims: 2, hidden: 8 });

describe.each(BACKENDS)('on $name', ({ open, tolerance }) => {
  const relative = tolerance(REFERENCE_RELATIVE, GPU_LOSS_RELATIVE);

  test('log s is subtracted once per labelled joint, and does not reach mu and sigma', async () => {
    const device = await open();
    const { prediction, labels } = batch(2, device);
    const params = randomised(nvp, 3, 1, device);
    const nodes = logSNodes('importance', nvp, device, { rng: new Rng(4), samples: 64 });
    const loss = (options?: Options) => likelihood(prediction, labels, nvp, params, options).item();
    const weights = (await values(labels.weight)).reduce((a, b) => a + b);
    const want = (await loss()) - (weights * (await logS(nvp, params, nodes).item())) / B;
    expectClose([await loss({ logS: nodes })], [want], { relative, absolute: relative }, 'loss');
    expectClose(
      [await loss({ logS: 'importance', rng: new Rng(4), samples: 64 })],
      [want],
      { relative, absolute: relative },
      'loss with draws of its own',
    );
    const slope = (options?: Options) =>
      grad((p: Required<Prediction>) => likelihood(p, labels, nvp, params, options))(prediction);
    expect(await values(slope({ logS: nodes }).logit)).toEqual(await values(slope().logit));
    expect(await values(slope({ logS: nodes }).mu)).toEqual(await values(slope().mu));
  });
});

describe.each(['direct', 'reparameterised', 'residual'] as const)('%s', (design) => {
  test.each([1, 2, 3, 4])('D = %i: a label without weight changes neither the loss nor a gradient', async (dims) => {
    const { prediction, labels } = batch(dims);
    const flow = realNvp({ dims, hidden: 8, base: { studentT: 3 } });
    const params = randomised(flow, 5);
    const options: Options = { design, ...(design === 'residual' && { q: 'logistic' }) };
    const loss = (p: Prediction, l: Labels) => likelihood(p, l, flow, params, options);
    const target = await values(labels.target);
    const filled = {
      ...labels,
      target: reference.tensor(
        target.map((v) => (Number.isNaN(v) ? 7 : v)),
        [B, K, dims],
      ),
    };
    const value = await loss(prediction, labels).item();
    expect(Number.isFinite(value)).toBe(true);
    expect(await loss(prediction, filled).item()).toBe(value);
    const slopes = grad((p: Required<Prediction>) => loss(p, labels))(prediction);
    expect((await values(slopes.mu)).every(Number.isFinite)).toBe(true);
    expect((await values(slopes.mu)).slice(dims, 2 * dims)).toEqual(new Array(dims).fill(0));
  });

  test('is a density of the label: exp(-L) integrates to one', async () => {
    const q: StandardDensity = { studentT: 5 };
    const flow = couplingFlow({ dims: 1, transform: affine(), couplings: 2, hidden: 4, base: 'laplace' });
    const params = randomised(flow, 6);
    const n = 500;
    const step = 0.08;
    const at = Float64Array.from({ length: n }, (_, i) => (i - n / 2) * step);
    const withLogS: Options = { q, logS: 'jitteredGrid', rng: new Rng(1), reach: 40, pointsPerAxis: 801 };
    const options: Options = { design, ...(design === 'residual' && withLogS) };
    const everywhere = (value: number) => reference.tensor(new Float64Array(n).fill(value), [1, n, 1]);
    const prediction = { mu: everywhere(0.2), logit: everywhere(-0.5) };
    const labels = { target: reference.tensor(at, [1, n, 1]) };
    // The loss is linear in the weights: its gradient there is what each label costs.
    const costs = grad((jointWeights: Tensor) =>
      likelihood(prediction, labels, flow, params, { ...options, jointWeights }),
    )(reference.tensor(new Float64Array(n).fill(1)));
    const mass = (await values(costs)).reduce((sum, cost) => sum + step * Math.exp(-cost), 0);
    // Where a kink falls between points the sum errs by up to step^2 / 8 times the jump of slope, 1 / b^2 with b >= 0.3.
    expect(Math.abs(mass - 1)).toBeLessThan(0.01);
  });
});

describe('options', () => {
  const { prediction, labels } = batch(2);
  const params = randomised(nvp, 7);
  const loss = (options: Options, l: Labels = labels) => likelihood(prediction, l, nvp, params, options).item();

  test('the direct design with an affine flow has a closed form', async () => {
    const flow = affineFlow({ dims: 2 });
    const at = { t: reference.tensor([0.1, -0.2]), s: reference.tensor([0.3, -0.1]) };
    const [mu, logit, y, w] = await Promise.all(
      [prediction.mu, prediction.logit, labels.target, labels.weight].map(values),
    );
    let want = 0;
    for (let i = 0; i < mu.length; i++) {
      const weight = w[Math.floor(i / 2)];
      if (weight === 0) continue;
      // z = (y - t) exp(-s) ~ N(mu, sigma^2), so that y ~ N(mu exp(s) + t, (sigma exp(s))^2).
      const [t, s] = [[0.1, -0.2][i % 2], [0.3, -0.1][i % 2]];
      const spread = Math.exp(s) / (1 + Math.exp(-logit[i]));
      const error = (y[i] - mu[i] * Math.exp(s) - t) / spread;
      want += (weight * (0.5 * error ** 2 + Math.log(spread) + 0.5 * Math.log(2 * Math.PI))) / B;
    }
    const got = await likelihood(prediction, labels, flow, at, { design: 'direct' }).item();
    expectClose([got], [want], { relative: REFERENCE_RELATIVE }, 'loss');
  });

  test('a factor per joint acts as its weight', async () => {
    const factors = [1, 2, 0];
    const weight = (await values(labels.weight)).map((w, i) => w * factors[i % K]);
    const want = await loss({}, { ...labels, weight: reference.tensor(weight, [B, K, 1]) });
    expectClose([await loss({ jointWeights: reference.tensor(factors) })], [want], { relative: 1e-12 }, 'loss');
  });

  test('an error scale is a factor of sigma', async () => {
    const flow = affineFlow({ dims: 2 });
    const identity = { t: reference.zeros([2]), s: reference.zeros([2]) };
    const stretched = { t: reference.zeros([2]), s: reference.tensor([Math.log(3), Math.log(3)]) };
    const design: Design = 'reparameterised';
    const scaled = likelihood(prediction, labels, flow, identity, { design, errorScale: reference.scalar(3) });
    const want = await likelihood(prediction, labels, flow, stretched, { design }).item();
    expectClose([await scaled.item()], [want], { relative: 1e-12 }, 'loss');
  });

  test('what does not fit is refused', async () => {
    await expect(async () => loss({ logS: 'importance' })).rejects.toThrow(/pass rng/);
    const flow = affineFlow({ dims: 2, joints: 4 });
    expect(() => likelihood(prediction, labels, flow, flow.init(new Rng(1), reference))).toThrow(ShapeError);
    expect(() =>
      likelihood(prediction, labels, affineFlow({ dims: 3 }), { t: labels.target, s: labels.target }),
    ).toThrow(/mu \[2, 3, 2\] must end as the flow's points do, \[3\]/);
  });
});
