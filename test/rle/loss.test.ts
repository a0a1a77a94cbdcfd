import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { grad, valueAndGrad } from '../../src/autograd/grad.js';
import { ShapeError } from '../../src/errors.js';
import { sum } from '../../src/kernels/reduction/sum.js';
import { mixedFlow } from '../../src/rle/flows/mixedFlow.js';
import { type RealNvpParams, realNvp } from '../../src/rle/flows/realNvp.js';
import type { Labels, Prediction } from '../../src/rle/prediction.js';
import { type RleOptions, rle } from '../../src/rle/rle.js';
import { cpu } from '../../src/tensor/cpu.js';
import { Rng } from '../../src/tensor/rng.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { gradcheck } from '../../src/testing/gradcheck.js';
import { BACKENDS } from '../backends.js';
import { expectClose, expectCloseInNorm, flat, type Nested, shapeOf, values } from '../numbers.js';
import { GPU_GRADIENT_RELATIVE, GPU_LOSS_RELATIVE, REFERENCE_RELATIVE } from '../tolerance.js';
import { goldenFlow } from './goldenFlow.js';

interface LossGolden {
  readonly loss: number;
  readonly dmu: Nested;
  readonly dlogit: Nested;
}
interface Batch {
  readonly mu: Nested;
  readonly gt: Nested;
  readonly logit: Nested;
  readonly weight: Nested;
}

const golden = JSON.parse(readFileSync(new URL('../golden/rle_golden.json', import.meta.url), 'utf8')) as {
  readonly loss2d: Batch & Record<string, LossGolden>;
  readonly loss3d: Batch & { readonly official: LossGolden };
};

type Device = Tensor['device'];
type Flow = RealNvpParams;
type Options = Omit<RleOptions<Flow>, 'flow' | 'params'>;
type Loss = (prediction: Prediction, labels: Labels, params: Flow) => Tensor;

const flow2d = realNvp({ dims: 2 });
const flow3d = realNvp({ dims: 3 });

const withFlow =
  (options: Options): Loss =>
  (p, l, params) =>
    rle(p, l, { flow: flow2d, params, ...options });
const official = withFlow({ variant: 'official' });
const dle = withFlow({ design: 'reparameterised' });
const laplaceNll: Loss = (p, l) => rle(p, l, { q: 'laplace' });
const gaussianNll: Loss = (p, l) => rle(p, l, { q: 'gaussian' });

const LOSSES: Record<string, Loss> = {
  official,
  mmpose_laplace: withFlow({ variant: 'mmpose' }),
  mmpose_gaussian: withFlow({ variant: 'mmpose', q: 'gaussian' }),
  mmpose_dle: withFlow({ variant: 'mmpose', design: 'reparameterised' }),
  exact_dle: dle,
  exact_rle_laplace_b1_no_logs: withFlow({}),
  laplace_nll: laplaceNll,
  gaussian_nll: gaussianNll,
};

function upload(device: Device, nested: Nested): Tensor {
  return device.tensor(Float64Array.from(flat(nested)), shapeOf(nested));
}

function batchOn(device: Device, batch: Batch): [Required<Prediction>, Required<Labels>] {
  const [mu, logit, target, weight] = [batch.mu, batch.logit, batch.gt, batch.weight].map((x) => upload(device, x));
  return [
    { mu, logit },
    { target, weight },
  ];
}

describe.each(BACKENDS)('golden losses on $name', ({ open, tolerance }) => {
  const ofLoss = tolerance(REFERENCE_RELATIVE, GPU_LOSS_RELATIVE);
  const ofGradient = tolerance(REFERENCE_RELATIVE, GPU_GRADIENT_RELATIVE);

  async function check(loss: (p: Required<Prediction>) => Tensor, prediction: Required<Prediction>, want: LossGolden) {
    const [value, gradient] = valueAndGrad(loss)(prediction);
    expectClose([await value.item()], [want.loss], { relative: ofLoss }, 'loss');
    expectCloseInNorm(await gradient.mu.data(), want.dmu, ofGradient, 'dL/dmu');
    expectCloseInNorm(await gradient.logit.data(), want.dlogit, ofGradient, 'dL/dlogit');
  }

  test.each(Object.keys(LOSSES))('2-D, %s', async (name) => {
    const device = await open();
    const [prediction, labels] = batchOn(device, golden.loss2d);
    const flow = goldenFlow(device, 2);
    await check((p) => LOSSES[name](p, labels, flow), prediction, golden.loss2d[name]);
  });

  test('3-D with joints of both kinds, official', async () => {
    const device = await open();
    const [prediction, labels] = batchOn(device, golden.loss3d);
    const params = { flow3d: goldenFlow(device, 3), flow2d: goldenFlow(device, 2) };
    const options = { flow: mixedFlow(flow3d, flow2d), params, variant: 'official3d' } as const;
    await check((p) => rle(p, labels, options), prediction, golden.loss3d.official);
  });
});

describe('closed forms (RLE.md 1.5)', () => {
  test('gradients of the official 2-D loss', async () => {
    const device = cpu();
    const [prediction, labels] = batchOn(device, golden.loss2d);
    const flow = goldenFlow(device, 2);
    const gradient = grad((p: Required<Prediction>) => official(p, labels, flow))(prediction);
    const [mu, a, g, w] = await Promise.all(
      [prediction.mu, prediction.logit, labels.target, labels.weight].map(values),
    );
    const sigma = a.map((v) => 1 / (1 + Math.exp(-v)));
    const x = mu.map((m, i) => (m - g[i]) / sigma[i]);
    const score = await values(
      grad((p: Tensor) => sum(flow2d.logProb(flow, p)))(device.tensor(Float64Array.from(x), prediction.mu.shape)),
    );
    const B = 3;
    const D = 2;
    const dmu = x.map((e, i) => (w[i] / B) * (Math.sign(e) / (Math.SQRT2 * sigma[i]) - (D * score[i]) / sigma[i]));
    const dlogit = x.map((e, i) => (w[i] / B) * (1 - sigma[i]) * (2 - Math.abs(e) / Math.SQRT2 + D * score[i] * e));
    // The closed forms leave out the code's epsilon, 1e-9 / sigma relative, sigma down to 0.03.
    expectCloseInNorm(await gradient.mu.data(), dmu, 1e-7, 'dL/dmu');
    expectCloseInNorm(await gradient.logit.data(), dlogit, 1e-7, 'dL/dlogit');
  });

  test.each([
    ['official', 2 * Math.SQRT2, 0.5 * Math.log(2 * Math.PI)],
    ['mmpose', 2, Math.LN2],
  ] as const)('%s is twice a consistent loss whose Q is wider, but for a constant', async (variant, b, constant) => {
    const device = cpu();
    const [prediction, labels] = batchOn(device, golden.loss2d);
    const flow = goldenFlow(device, 2);
    // But for the codes' epsilon, L_variant / 2 - L_dle must be |x| / b plus a constant, summed over weighted coordinates.
    const [mu, a, g, w] = await Promise.all(
      [prediction.mu, prediction.logit, labels.target, labels.weight].map(values),
    );
    const l = await withFlow({ variant })(prediction, labels, flow).item();
    const d = await dle(prediction, labels, flow).item();
    const x = mu.map((m, i) => w[i] * Math.abs(m - g[i]) * (1 + Math.exp(-a[i])));
    const tail = x.reduce((s, v) => s + v, 0) / b / 3;
    const count = w.reduce((s, v) => s + v, 0) / 3;
    expect(l / 2 - d - tail).toBeCloseTo((constant / 2) * count, 6);
  });

  test.each([
    ['gaussian', gaussianNll],
    ['laplace', laplaceNll],
  ] as const)('the %s scale is stationary where sigma is the residual', async (_, loss) => {
    const device = cpu();
    const r = 0.07;
    const logit = Math.log(r / (1 - r));
    const one = (v: number) => device.tensor(Float64Array.of(v), [1, 1, 1]);
    const at = grad((p: Required<Prediction>) => loss(p, { target: one(0.2) }, undefined as never));
    const gradient = at({ mu: one(0.2 + r), logit: one(logit) });
    expect(await gradient.logit.item()).toBeCloseTo(0, 12);
  });
});

describe('a prediction without logits', () => {
  const l1 = (p: Pick<Prediction, 'mu'>, l: Labels) => rle(p, l);
  const halfL2 = (p: Pick<Prediction, 'mu'>, l: Labels) => rle(p, l, { q: 'gaussian' });

  test('has the losses L1 and half of L2, weighted and summed over a batch of two', async () => {
    const device = cpu();
    const mu = device.tensor(Float64Array.of(0.5, -1, 2, 0.25), [2, 1, 2]);
    const target = device.tensor(Float64Array.of(0, 1, Number.NaN, 0), [2, 1, 2]);
    const weight = device.tensor(Float64Array.of(1, 0.5, 0, 2), [2, 1, 2]);
    expect(await l1({ mu }, { target, weight }).item()).toBeCloseTo((0.5 + 0.5 * 2 + 2 * 0.25) / 2, 15);
    expect(await halfL2({ mu }, { target, weight }).item()).toBeCloseTo((0.25 + 0.5 * 4 + 2 * 0.0625) / 4, 15);
    const noWeight = device.tensor(Float64Array.of(0, 1, 2, 0), [2, 1, 2]);
    expect(await l1({ mu }, { target: noWeight }).item()).toBeCloseTo((0.5 + 2 + 0.25) / 2, 15);
  });
});

/** A batch of random predictions; joints in `hidden` have no weight and labels that would poison everything. */
function poisoned(device: Device, dims: number, poison: number, none = 0): [Required<Prediction>, Required<Labels>] {
  const rng = new Rng(77);
  const shape = [2, 3, dims];
  const draw = (f: () => number) => Float64Array.from({ length: 6 * dims }, f);
  const hidden = (i: number) => Math.floor(i / dims) % 3 === 1;
  const target = draw(() => rng.normal() * 0.1).map((v, i) => (hidden(i) ? poison : v));
  const logit = draw(() => rng.normal() - 1).map((v, i) => (hidden(i) && poison !== 0 ? -200 : v));
  const weight = draw(() => 1).map((v, i) => (hidden(i) ? none : v));
  return [
    {
      mu: device.tensor(
        draw(() => rng.normal() * 0.1),
        shape,
      ),
      logit: device.tensor(logit, shape),
    },
    { target: device.tensor(target, shape), weight: device.tensor(weight, shape) },
  ];
}

describe.each(BACKENDS)('hazards on $name', ({ open }) => {
  const all: Record<string, Loss> = {
    ...LOSSES,
    l1: ({ mu }, l) => rle({ mu }, l),
    l2: ({ mu }, l) => rle({ mu }, l, { q: 'gaussian' }),
  };

  test.each(Object.keys(all))(
    '%s: labels without a weight above 0 do not matter, NaN and infinity included',
    async (name) => {
      const device = await open();
      const flow = goldenFlow(device, 2);
      const run = (poison: number, none = 0) => {
        const [p, l] = poisoned(device, 2, poison, none);
        return valueAndGrad((q: { p: Required<Prediction>; flow: Flow }) => all[name](q.p, l, q.flow))({ p, flow });
      };
      const [want, wantGradient] = run(0);
      for (const [poison, none] of [
        [Number.NaN],
        [Number.POSITIVE_INFINITY],
        [1e30],
        [Number.NaN, Number.NaN],
        [1, -1],
      ]) {
        const [got, gradient] = run(poison, none);
        expect(await got.item()).toBe(await want.item());
        expect(await values(gradient.p.mu)).toEqual(await values(wantGradient.p.mu));
        expect(await values(gradient.p.logit)).toEqual(await values(wantGradient.p.logit));
        expect(await values(gradient.flow.s[0][2].weight)).toEqual(await values(wantGradient.flow.s[0][2].weight));
      }
    },
  );

  test.each([-1e4, -88, -40, 40, 1e4])('a logit of %d gives a finite loss and gradient', async (logit) => {
    const device = await open();
    const flow = goldenFlow(device, 2);
    const one = (v: number) => device.tensor([v, v], [1, 1, 2]);
    const f = (p: Required<Prediction>) => official(p, { target: one(0.1) }, flow);
    const [value, gradient] = valueAndGrad(f)({ mu: one(0.11), logit: one(logit) });
    for (const v of [...(await values(value)), ...(await values(gradient.mu)), ...(await values(gradient.logit))]) {
      expect(v).toSatisfy(Number.isFinite);
    }
  });
});

describe('options', () => {
  test('second derivatives of the loss agree with differences', async () => {
    const device = cpu();
    const flow = realNvp({ dims: 2, couplings: 2, hidden: 5 });
    const params = flow.init(new Rng(9), device);
    const [{ mu, logit }, labels] = poisoned(device, 2, 0);
    const loss = (m: Tensor, a: Tensor) => rle({ mu: m, logit: a }, labels, { flow, params, variant: 'official' });
    await gradcheck(loss, [mu, logit], {
      order: 2,
      directions: 1,
      seed: 3,
    });
  });

  test('a weight per joint equals the same weight on each coordinate', async () => {
    const device = cpu();
    const flow = goldenFlow(device, 2);
    const [prediction, { target }] = poisoned(device, 2, 0);
    const perJoint = device.tensor(Float64Array.of(1, 0.5, 0, 2, 1, 1), [2, 3, 1]);
    const perCoordinate = device.tensor(Float64Array.of(1, 1, 0.5, 0.5, 0, 0, 2, 2, 1, 1, 1, 1), [2, 3, 2]);
    for (const variant of ['official', 'mmpose', 'paper'] as const) {
      const of = (weight: Tensor) => withFlow({ variant })(prediction, { target, weight }, flow).item();
      expect(await of(perJoint)).toBeCloseTo(await of(perCoordinate), 13);
    }
  });

  test('sigma stops at its floor', async () => {
    const device = cpu();
    const one = (v: number) => device.tensor(Float64Array.of(v), [1, 1, 1]);
    const at = (logit: number) => rle({ mu: one(0), logit: one(logit) }, { target: one(0) }, { sigmaFloor: 1e-3 });
    expect(await at(-50).item()).toBeCloseTo(Math.log(2e-3), 12);
    expect(await at(0).item()).toBeCloseTo(0, 12);
    expect(() => rle({ mu: one(0), logit: one(0) }, { target: one(0) }, { sigmaFloor: 0 })).toThrow(/sigmaFloor/);
  });

  test('shapes that do not fit are refused', () => {
    const device = cpu();
    const zeros = (...shape: number[]) => device.zeros(shape);
    expect(() => rle({ mu: zeros(2, 3, 2) }, { target: zeros(2, 3, 3) })).toThrow(
      /mu \[2, 3, 2\] and target \[2, 3, 3\]/,
    );
    expect(() => rle({ mu: zeros(6, 2) }, { target: zeros(6, 2) })).toThrow(/\[B, K, D\]/);
    expect(() => rle({ mu: zeros(2, 3, 2) }, { target: zeros(2, 3, 2), weight: zeros(2, 3) })).toThrow(ShapeError);
    expect(() => rle({ mu: zeros(2, 3, 2), logit: zeros(2, 3, 1) }, { target: zeros(2, 3, 2) })).toThrow(/logit/);
  });
});
