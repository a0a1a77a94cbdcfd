/** Every variant on the device against the float64 reference, with weights of every shape; what variants refuse. */
import { describe, expect, test } from 'vitest';
import { vjp } from '../../src/autograd/grad.js';
import { mul } from '../../src/kernels/elementwise/arithmetic.js';
import { namedTensors } from '../../src/nn/tree.js';
import { affineFlow } from '../../src/rle/flows/affineFlow.js';
import { mixedFlow } from '../../src/rle/flows/mixedFlow.js';
import { type RealNvpParams, realNvp } from '../../src/rle/flows/realNvp.js';
import { type RleOptions, rle } from '../../src/rle/rle.js';
import { packParameters } from '../../src/tensor/arena.js';

import { cpu } from '../../src/tensor/cpu.js';
import { Rng } from '../../src/tensor/rng.js';
import type { Device, Tensor } from '../../src/tensor/tensor.js';
import { webgpu } from '../../src/tensor/webgpu.js';
import { gradcheck } from '../../src/testing/gradcheck.js';
import { withGpu } from '../adapter.js';
import { BACKENDS } from '../backends.js';
import { expectClose, expectCloseInNorm, values } from '../numbers.js';
import { GPU_GRADIENT_RELATIVE, GPU_LOSS_RELATIVE } from '../tolerance.js';

const [B, K, D] = [4, 5, 2];
const FLOOR = 0.05;

type Options = Omit<RleOptions, 'flow' | 'params'>;
type Variables = { flow: RealNvpParams; mu: Tensor; logit: Tensor };

const flow = realNvp({ dims: D });

const CASES: readonly Options[] = [
  { variant: 'official' },
  { variant: 'official', q: 'gaussian' },
  { variant: 'mmpose' },
  { variant: 'mmpose', q: 'gaussian' },
  { variant: 'mmpose', design: 'reparameterised' },
  { variant: 'ultralytics', cutAtZero: false },
  { variant: 'ultralytics', design: 'reparameterised', cutAtZero: false },
  { variant: 'paper' },
  { variant: 'paper', q: { studentT: 4 }, scale: 'softplus' },
  { variant: 'paper', q: 'logistic' },
  { variant: 'paper', design: 'reparameterised' },
  { variant: 'paper', design: 'direct' },
];

function batchOn(device: Device, weightShape: readonly number[] | undefined) {
  const rng = new Rng(5);
  const draw = (scale: number) =>
    device.tensor(
      Float32Array.from({ length: B * K * D }, () => scale * rng.normal()),
      [B, K, D],
    );
  const variables: Variables = {
    flow: packParameters(flow.init(new Rng(2), device)),
    mu: draw(0.3),
    logit: draw(2), // some below the floor
  };
  const target = draw(0.3);
  const size = (weightShape ?? []).reduce((a, b) => a * b, 1);
  const weight = weightShape && {
    weight: device.tensor(
      Float32Array.from({ length: size }, (_, i) => (i % 5 === 2 ? 0 : 0.5 + (i % 3))),
      weightShape,
    ),
  };
  return { variables, labels: { target, ...weight } };
}

async function run(options: Options, device: Device, weightShape: readonly number[] | undefined) {
  const { variables, labels } = batchOn(device, weightShape);
  const loss = ({ flow: params, mu, logit }: Variables) =>
    rle({ mu, logit }, labels, { ...options, sigmaFloor: FLOOR, flow, params });
  // A cotangent other than 1, as within a larger loss.
  const [value, gradients] = vjp(loss, variables, device.tensor([1.7], []));
  return {
    value: await values(value),
    gradients: await Promise.all(
      [...namedTensors(gradients)].map(async ([name, g]) => [name, await values(g)] as const),
    ),
  };
}

describe.runIf(withGpu)('on the GPU as on the reference', () => {
  describe.each([undefined, [B, K, 1], [B, K, D]])('weights %j', (weightShape) => {
    test.each(CASES)('%j', async (options) => {
      const [expected, got] = [await run(options, cpu(), weightShape), await run(options, await webgpu(), weightShape)];
      // The loss's terms cancel: what is off is relative to their size, about 10.
      expectClose(got.value, expected.value, { relative: GPU_LOSS_RELATIVE, absolute: 10 * GPU_LOSS_RELATIVE }, 'loss');
      expect(got.gradients.length).toBe(74);
      for (const [i, [name, g]] of got.gradients.entries()) {
        expectCloseInNorm(g, expected.gradients[i][1], GPU_GRADIENT_RELATIVE, name);
      }
    });
  });

  test('six dispatches beside the three of the flow', async () => {
    const device = await webgpu();
    const { variables, labels } = batchOn(device, [B, K, 1]);
    const { flow: params, mu, logit } = variables;
    const g = device.tensor([1], []);
    for (const variant of ['paper', 'official'] as const) {
      const before = device.stats().dispatches;
      vjp(
        (v: Variables) => rle({ mu: v.mu, logit: v.logit }, labels, { flow, params: v.flow, variant }),
        { flow: params, mu, logit },
        g,
      );
      expect(device.stats().dispatches - before).toBe(9);
    }
  });
});

describe.each(BACKENDS)('on $name', ({ open }) => {
  test('labels that are variables have gradients too', async () => {
    const device = await open();
    const { variables, labels } = batchOn(device, [B, K, D]);
    const { flow: params, mu, logit } = variables;
    const loss = (x: { target: Tensor; weight: Tensor }) =>
      rle({ mu, logit }, x, { flow, params, variant: 'official' });
    const [, g] = vjp(loss, { target: labels.target, weight: mul(labels.weight as Tensor, 1) }, device.tensor([1], []));
    for (const gradient of [g.target, g.weight]) expect((await values(gradient)).some((x) => x !== 0)).toBe(true);
  });
});

describe('derivatives of the formulas are those of differences', () => {
  const device = cpu();
  const draw = (seed: number, shape: readonly number[], from: number, to: number) => {
    const rng = new Rng(seed);
    const size = shape.reduce((a, b) => a * b);
    return device.tensor(
      Float64Array.from({ length: size }, () => from + (to - from) * rng.uniform()),
      shape,
    );
  };
  const shape = [2, 3, 2];
  const smooth = affineFlow({ dims: 2 });

  // The codes' epsilon is below what differences see, but its derivative is not: sigma down to 1e-6.
  test.each(CASES)('%j', async (options) => {
    const labels = { target: draw(1, shape, -1, -0.2), weight: draw(2, [2, 3, 1], 0.5, 2) };
    const f = (mu: Tensor, logit: Tensor, t: Tensor, s: Tensor) =>
      rle({ mu, logit }, labels, { ...options, sigmaFloor: 1e-9, flow: smooth, params: { t, s } });
    const at = [draw(3, shape, 0.2, 1), draw(4, shape, -1, 1), draw(5, [2], 0.1, 0.3), draw(6, [2], -0.3, 0.3)];
    await gradcheck(f, at, { order: 2, seed: 1, directions: 2 });
  });

  test.each(['sigmoid', 'softplus'] as const)('an error scale, and sigma by %s', async (scale) => {
    const target = draw(1, shape, -1, -0.2);
    const f = (mu: Tensor, logit: Tensor, errorScale: Tensor) =>
      rle({ mu, logit }, { target }, { scale, q: { studentT: 3 }, errorScale });
    await gradcheck(f, [draw(3, shape, 0.2, 1), draw(4, shape, -1, 1), draw(5, [2], 0.5, 2)], { seed: 1 });
  });
});

describe('what a variant does not have is refused', () => {
  const device = cpu();
  const one = () => device.zeros([1, 1, 2]);
  const params = { t: device.zeros([2]), s: device.zeros([2]) };
  const prediction = { mu: one(), logit: one() };
  const ask = (options: RleOptions<never>) => () =>
    rle(prediction, { target: one() }, { flow: affineFlow({ dims: 2 }), params, ...(options as object) });

  test.each([
    [
      { variant: 'official', q: { studentT: 4 } },
      /variant 'official' has no Q '\{"studentT":4\}': it has laplace and gaussian/,
    ],
    [{ variant: 'official', logS: 'importance' }, /variant 'official' has no log s; take variant: 'paper'/],
    [{ variant: 'official', design: 'reparameterised' }, /has no design 'reparameterised': it has residual/],
    [{ variant: 'mmpose', design: 'direct' }, /has no design 'direct': it has residual and reparameterised/],
    [{ variant: 'mmpose', scale: 'softplus' }, /has no scale 'softplus': it has sigmoid/],
    [{ variant: 'mmpose', errorScale: device.scalar(2) }, /has no errorScale/],
    [{ variant: 'official3d' }, /wants a mixedFlow/],
    [{ variant: 'ultralytics', q: 'gaussian' }, /variant 'ultralytics' has no Q 'gaussian': it has laplace/],
    [{ variant: 'ultralytics', logS: 'importance' }, /variant 'ultralytics' has no log s/],
    [{ cutAtZero: true }, /variant 'paper' has no cut at zero; take variant: 'ultralytics'/],
    [{ variant: 'mmpose', cutAtZero: true }, /variant 'mmpose' has no cut at zero/],
    [{ cutAtZero: 'yes' }, /cutAtZero is the string "yes", expected true or false/],
    [{ variant: 'official', flow: undefined, params: undefined }, /has no loss without a flow/],
    [{ variant: 'none' }, /expected variant paper, official, official3d, mmpose, ultralytics, got 'none'/],
    [{ q: 'cauchy' }, /density: expected 'gaussian', 'laplace'/],
    [{ design: 'reparameterised', q: 'laplace' }, /design 'reparameterised' has no Q/],
    [{ design: 'direct', logS: 'importance' }, /log s is that of a flow beside Q/],
    [{ params: undefined }, /a flow and its parameters come together, got flow alone/],
    [{ scale: 'exp' }, /scale must be sigmoid or softplus, got exp/],
    [{ logS: 'importance' }, /pass rng/],
    [{ logS: 'grid', rng: new Rng(1) }, /logS must be none, importance or jitteredGrid, got 'grid'/],
    [{ logS: 'toString', rng: new Rng(1) }, /logS must be none, importance or jitteredGrid, got 'toString'/],
    [{ logS: true, rng: new Rng(1) }, /logS must be none, importance or jitteredGrid, got true/],
    [{ design: 'direct', flow: undefined, params: undefined }, /design 'direct' needs a flow and its params; pass/],
    [{ design: 'reparameterised', flow: undefined, params: undefined }, /design 'reparameterised' needs a flow/],
    [{ design: 'reparameterized' }, /^rle: design must be direct, reparameterised, residual, got 'reparameterized'$/],
  ])('%j', (options, message) => {
    expect(ask(options as never)).toThrow(message);
  });

  test("the authors' code for labels in the plane takes no mixedFlow", () => {
    const mixed = mixedFlow(affineFlow({ dims: 2 }), affineFlow({ dims: 1 }));
    const p = mixed.init(new Rng(0), device);
    const labels = { target: one(), weight: one() };
    expect(() => rle(prediction, labels, { flow: mixed, params: p, variant: 'official' })).toThrow(/'official3d'/);
    expect(() => rle(prediction, labels, { flow: mixed, params: p, design: 'direct' })).toThrow(
      /needs all coordinates/,
    );
  });
});
