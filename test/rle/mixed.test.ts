import { describe, expect, test } from 'vitest';
import { grad } from '../../src/autograd/grad.js';
import { slice } from '../../src/kernels/layout/slice.js';
import { namedTensors } from '../../src/nn/tree.js';
import type { StandardDensity } from '../../src/rle/density.js';
import { type MixedParams, mixedFlow } from '../../src/rle/flows/mixedFlow.js';
import { type RealNvpParams, realNvp } from '../../src/rle/flows/realNvp.js';
import { logSNodes } from '../../src/rle/logS.js';
import type { Labels, Prediction } from '../../src/rle/prediction.js';
import { type RleOptions, rle } from '../../src/rle/rle.js';

import { cpu } from '../../src/tensor/cpu.js';
import { Rng } from '../../src/tensor/rng.js';
import type { Device, Tensor } from '../../src/tensor/tensor.js';
import { gradcheck } from '../../src/testing/gradcheck.js';
import { BACKENDS } from '../backends.js';
import { expectClose, expectCloseInNorm, values } from '../numbers.js';
import { GPU_GRADIENT_RELATIVE, GPU_LOSS_RELATIVE } from '../tolerance.js';
import { goldenFlow } from './goldenFlow.js';

type Params = MixedParams<RealNvpParams, RealNvpParams>;
type Options = Omit<RleOptions<Params>, 'flow' | 'params'>;

const space = realNvp({ dims: 3 });
const plane = realNvp({ dims: 2 });
const both3d = mixedFlow(space, plane);

const mixed = (prediction: Prediction, labels: Labels, params: Params, options: Options = {}) =>
  rle(prediction, labels, { flow: both3d, params, variant: 'official3d', ...options });
const paper = (prediction: Prediction, labels: Labels, params: Params, options: Options = {}) =>
  mixed(prediction, labels, params, { ...options, variant: 'paper' });

describe('mixed labels', () => {
  const flows = (device: Device) => ({ flow3d: goldenFlow(device, 3), flow2d: goldenFlow(device, 2) });
  const withWeights = (device: Device, weight: readonly number[]) => {
    const rng = new Rng(5);
    const make = (scale: number) =>
      device.tensor(
        Float64Array.from({ length: 6 }, () => rng.normal() * scale),
        [1, 2, 3],
      );
    const prediction = { mu: make(0.1), logit: make(1) };
    return [prediction, { target: make(0.1), weight: device.tensor(Float64Array.from(weight), [1, 2, 3]) }] as const;
  };

  test('a batch without depths and one of nothing but depths are two 2-D and 3-D losses', async () => {
    const device = cpu();
    const both = flows(device);
    const [prediction, labels] = withWeights(device, [1, 1, 1, 1, 1, 1]);
    const deep = await paper(prediction, labels, both).item();
    const plain = await rle(prediction, labels, { flow: space, params: both.flow3d }).item();
    expect(deep).toBeCloseTo(plain, 12);
    const [flatPrediction, flatLabels] = withWeights(device, [1, 1, 0, 1, 1, 0]);
    const value = await paper(flatPrediction, flatLabels, both).item();
    const xy = async (t: Tensor) => {
      const v = await t.data();
      return device.tensor(Float64Array.from([v[0], v[1], v[3], v[4]]), [1, 2, 2]);
    };
    const p2 = { mu: await xy(flatPrediction.mu), logit: await xy(flatPrediction.logit) };
    const want = await rle(p2, { target: await xy(flatLabels.target) }, { flow: plane, params: both.flow2d }).item();
    expect(value).toBeCloseTo(want, 12);
  });

  test.each([
    [[1, 1, 1, 1, 1, 1], 'flow2d', 'none'],
    [[1, 1, 0, 1, 1, 0], 'flow3d', 'none'],
    [[1, 1, 1, 1, 1, 1], 'flow2d', 'importance'],
    [[1, 1, 0, 1, 1, 0], 'flow3d', 'importance'],
  ] as const)('weights %j: %s has no gradient, log s by %s', async (weight, unused, logS) => {
    const device = cpu();
    const [prediction, labels] = withWeights(device, weight);
    const options = (): Options => ({ logS, rng: new Rng(1), samples: 32 });
    const gradient = grad((f: ReturnType<typeof flows>) => paper(prediction, labels, f, options()))(flows(device));
    const used = unused === 'flow2d' ? 'flow3d' : 'flow2d';
    for (const t of namedTensors(gradient[unused]).values()) expect((await values(t)).every((v) => v === 0)).toBe(true);
    expect((await values(gradient[used].t[3][2].weight)).some((v) => v !== 0)).toBe(true);
    // Nor does what is not there change the value, NaN included.
    const value = await paper(prediction, labels, flows(device), options()).item();
    const broken = flows(device);
    for (const t of namedTensors(broken[unused]).values()) device.write(t, new Float64Array(t.size).fill(Number.NaN));
    expect(await paper(prediction, labels, broken, options()).item()).toBe(value);
    const blind = (await values(labels.target)).map((v, i) => (weight[i] > 0 ? v : Number.NaN));
    const target = device.tensor(Float64Array.from(blind), [1, 2, 3]);
    expect(await paper(prediction, { ...labels, target }, flows(device), options()).item()).toBe(value);
  });

  const MIXED = [1, 1, 1, 0.5, 0.5, 0];
  const DENSITIES: readonly StandardDensity[] = ['laplace', 'gaussian', 'logistic', { studentT: 4 }];

  test.each(DENSITIES)('Q %j with log s is the likelihood of both kinds, joint by joint', async (q) => {
    const device = cpu();
    const both = flows(device);
    const [prediction, labels] = withWeights(device, MIXED);
    const nodes = {
      flow3d: logSNodes('importance', realNvp({ dims: 3 }), device, { rng: new Rng(1), q, samples: 32 }),
      flow2d: logSNodes('importance', realNvp({ dims: 2 }), device, { rng: new Rng(2), q, samples: 32 }),
    };
    for (const logS of ['none', nodes] as const) {
      const part = async (name: 'flow3d' | 'flow2d', joint: number, dims: number) => {
        const of = (t: Tensor) => slice(t, { begin: [0, joint, 0], end: [1, joint + 1, dims] });
        const p = { mu: of(prediction.mu), logit: of(prediction.logit) };
        const asked = logS === 'none' ? logS : logS[name];
        const flow = realNvp({ dims });
        return rle(p, { target: of(labels.target) }, { flow, params: both[name], q, logS: asked }).item();
      };
      const wanted = (await part('flow3d', 0, 3)) + 0.5 * (await part('flow2d', 1, 2));
      const asked = logS === 'none' ? logS : { ...logS.flow3d, plane: logS.flow2d };
      const got = await paper(prediction, labels, both, { q, logS: asked }).item();
      expect(got).toBeCloseTo(wanted, 11);
    }
  });

  test('without Q it is DLE, and weights of joints are factors', async () => {
    const device = cpu();
    const both = flows(device);
    const [prediction, labels] = withWeights(device, [1, 1, 1, 1, 1, 1]);
    const plain = await rle(prediction, labels, { flow: space, params: both.flow3d, design: 'reparameterised' }).item();
    const dle: Options = { design: 'reparameterised' };
    expect(await paper(prediction, labels, both, dle).item()).toBeCloseTo(plain, 12);
    const jointWeights = device.tensor([2, 0.5], [2]);
    const [, weighted] = withWeights(device, [2, 2, 2, 0.5, 0.5, 0.5]);
    for (const options of [{ variant: 'official3d' }, { variant: 'paper' }, { variant: 'paper', ...dle }] as const) {
      const got = await mixed(prediction, labels, both, { ...options, jointWeights }).item();
      expect(got).toBeCloseTo(await mixed(prediction, weighted, both, options).item(), 12);
    }
  });

  test.each(DENSITIES)('gradients with Q %j and log s, official and paper', async (q) => {
    const device = cpu();
    const both = flows(device);
    const [{ mu, logit }, labels] = withWeights(device, MIXED);
    // The biases of the coupling that the density comes to last: no kink of another network is behind them.
    const withBias = (flow: RealNvpParams, bias: Tensor) => ({
      ...flow,
      s: flow.s.map((net, i) => (i === 0 ? { ...net, 4: { ...net[4], bias } } : net)),
    });
    const biases = [both.flow3d, both.flow2d].map((flow) => flow.s[0][4].bias as Tensor);
    for (const options of [
      { variant: 'official3d', q: 'laplace' },
      { variant: 'paper', q, logS: 'importance', samples: 16 },
    ] as const) {
      const f = (m: Tensor, a: Tensor, deep: Tensor, plane: Tensor) => {
        const params = { flow3d: withBias(both.flow3d, deep), flow2d: withBias(both.flow2d, plane) };
        return mixed({ mu: m, logit: a }, labels, params, { rng: new Rng(3), ...options });
      };
      await gradcheck(f, [mu, logit, ...biases], { seed: 1, directions: 1 });
    }
  });

  test.runIf(BACKENDS.length > 1)('on the GPU it is what it is on the reference, with log s and without', async () => {
    const draw = (seed: number, count: number, scale: number) => {
      const rng = new Rng(seed);
      return Float32Array.from({ length: count }, () => scale * rng.normal());
    };
    const [found, wanted] = await Promise.all(
      BACKENDS.map(async ({ open }) => {
        const device = await open();
        const both = flows(device);
        const at = (values: ArrayLike<number>) => device.tensor(Float32Array.from(values), [1, 2, 3]);
        const labels = { target: at(draw(2, 6, 0.1)), weight: at(MIXED) };
        const nodes = (dims: number) => ({
          points: device.tensor(draw(dims, 64 * dims, 1), [64, dims]),
          logWeight: device.scalar(-Math.log(64)),
        });
        const results: number[] = [];
        const gradients: number[] = [];
        for (const logS of ['none', { ...nodes(3), plane: nodes(2) }] as const) {
          const loss = (mu: Tensor, logit: Tensor) => paper({ mu, logit }, labels, both, { q: { studentT: 4 }, logS });
          const inputs = [at(draw(3, 6, 0.1)), at(draw(4, 6, 1))] as const;
          results.push(await loss(...inputs).item());
          const gradient = grad((p: { mu: Tensor; logit: Tensor }) => loss(p.mu, p.logit))({
            mu: inputs[0],
            logit: inputs[1],
          });
          gradients.push(...(await values(gradient.mu)), ...(await values(gradient.logit)));
        }
        return { results, gradients };
      }),
    );
    expectClose(found.results, wanted.results, { relative: GPU_LOSS_RELATIVE }, 'loss');
    expectCloseInNorm(found.gradients, wanted.gradients, GPU_GRADIENT_RELATIVE, 'gradient');
  });

  test('log s that is to be drawn wants a generator', () => {
    const device = cpu();
    const [prediction, labels] = withWeights(device, MIXED);
    expect(() => paper(prediction, labels, flows(device), { logS: 'importance' })).toThrow(/pass rng/);
  });

  test('scaleBound reaches both flows', async () => {
    const device = cpu();
    for (const weight of [
      [1, 1, 1, 1, 1, 1],
      [1, 1, 0, 1, 1, 0],
    ]) {
      const [prediction, labels] = withWeights(device, weight);
      const at = (scaleBound?: number) => {
        const flow = mixedFlow(realNvp({ dims: 3, scaleBound }), realNvp({ dims: 2, scaleBound }));
        return rle(prediction, labels, { flow, params: flows(device) }).item();
      };
      expect(await at(1)).toBe(await at());
      expect(await at(0.5)).not.toBe(await at());
    }
  });

  test('flows of the wrong dimension and labels without depth weights are refused', () => {
    const device = cpu();
    const [prediction, labels] = withWeights(device, [1, 1, 1, 1, 1, 0]);
    const { flow2d, flow3d } = flows(device);
    expect(() => mixedFlow(plane, plane)).toThrow(/one over R\^\(D - 1\), got points \[2\] and \[2\]/);
    expect(() => mixed(prediction, labels, { flow3d: flow2d, flow2d })).toThrow(
      /flow: parameter t.0.0.weight is \[64, 2\], expected \[64, 3\]/,
    );
    const perJoint = { target: labels.target, weight: device.tensor([1, 1], [1, 2, 1]) };
    expect(() => mixed(prediction, perJoint, { flow3d, flow2d })).toThrow(
      /wants weights \[1, 2, 3\], one per coordinate/,
    );
  });
});
