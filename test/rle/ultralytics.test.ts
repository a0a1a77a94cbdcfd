/** The RLE of YOLO26-pose against PyTorch in float64: losses, gradients and the flow with SiLU. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { grad, valueAndGrad, vjp } from '../../src/autograd/grad.js';
import { sum } from '../../src/kernels/reduction/sum.js';
import { namedTensors } from '../../src/nn/tree.js';
import { type RealNvpParams, realNvp } from '../../src/rle/flows/realNvp.js';
import type { Prediction } from '../../src/rle/prediction.js';
import { type RleOptions, rle } from '../../src/rle/rle.js';
import { cpu } from '../../src/tensor/cpu.js';
import type { Device, Tensor } from '../../src/tensor/tensor.js';
import { BACKENDS } from '../backends.js';
import { expectClose, expectCloseInNorm, type Nested, norm, values } from '../numbers.js';
import { GPU_GRADIENT_RELATIVE, GPU_LOG_PROB, GPU_LOSS_RELATIVE, REFERENCE_RELATIVE } from '../tolerance.js';
import { goldenFlow } from './goldenFlow.js';

/** JSON has no names for the numbers that are not finite. */
type Written = number | 'inf' | 'nan';
type Coordinates = readonly (readonly (readonly Written[])[])[];

interface LossGolden {
  readonly loss: number;
  readonly dmu: Nested;
  readonly dlogit: Nested;
  /** Norms of the gradients of the flow's 72 tensors, in their order. */
  readonly flow_grad_norms: readonly number[];
}

interface Batch extends Record<'cut' | 'uncut' | 'dle', LossGolden> {
  readonly mu: Coordinates;
  readonly logit: Coordinates;
  readonly target: Coordinates;
}

const golden = JSON.parse(readFileSync(new URL('../golden/ultralytics.json', import.meta.url), 'utf8')) as {
  readonly flow: { readonly x: Nested; readonly log_prob: readonly number[]; readonly dx: Nested };
  readonly seen: readonly (readonly number[])[];
  readonly joint_weights: readonly number[];
  /** `rough`: errors of any size; `close`: a loss below zero; `wild`: errors beyond the limit and labels not finite. */
  readonly batches: Record<'rough' | 'close' | 'wild', Batch>;
};

const flow = realNvp({ dims: 2, activation: 'silu', weights: 'xavier' });

const FORMS: Readonly<Record<'cut' | 'uncut' | 'dle', RleOptions<RealNvpParams>>> = {
  cut: {},
  uncut: { cutAtZero: false },
  dle: { design: 'reparameterised', cutAtZero: false },
};

function upload(device: Device, nested: Coordinates): Tensor {
  const numbers = nested.flat(2).map((x) => (x === 'inf' ? Number.POSITIVE_INFINITY : Number(x)));
  return device.tensor(Float64Array.from(numbers), [nested.length, nested[0].length, 2]);
}

function batchOn(device: Device, batch: Batch) {
  const { seen, joint_weights } = golden;
  return {
    prediction: { mu: upload(device, batch.mu), logit: upload(device, batch.logit) },
    labels: {
      target: upload(device, batch.target),
      weight: device.tensor(seen.flat(), [seen.length, seen[0].length, 1]),
    },
    jointWeights: device.tensor(Float64Array.from(joint_weights), [joint_weights.length]),
  };
}

const cases = (['rough', 'close', 'wild'] as const).flatMap((batch) =>
  (['cut', 'uncut', 'dle'] as const).map((form) => [batch, form] as const),
);

describe.each(BACKENDS)('YOLO26-pose on $name', ({ open, tolerance }) => {
  const ofLoss = tolerance(REFERENCE_RELATIVE, GPU_LOSS_RELATIVE);
  const ofGradient = tolerance(REFERENCE_RELATIVE, GPU_GRADIENT_RELATIVE);

  test.each(cases)('%s, %s', async (name, form) => {
    const device = await open();
    const want = golden.batches[name][form];
    const { prediction, labels, jointWeights } = batchOn(device, golden.batches[name]);
    const loss = ({ mu, logit, params }: Required<Prediction> & { params: RealNvpParams }) =>
      rle({ mu, logit }, labels, { variant: 'ultralytics', flow, params, jointWeights, ...FORMS[form] });
    const [value, gradient] = valueAndGrad(loss)({ ...prediction, params: goldenFlow(device, 2) });
    expectClose([await value.item()], [want.loss], { relative: ofLoss, absolute: Number.MIN_VALUE }, 'loss');
    expectCloseInNorm(await gradient.mu.data(), want.dmu, ofGradient, 'dL/dmu');
    expectCloseInNorm(await gradient.logit.data(), want.dlogit, ofGradient, 'dL/dlogit');
    const norms = await Promise.all(
      [...namedTensors(gradient.params).values()].map(async (g) => norm(await values(g))),
    );
    expectCloseInNorm(norms, want.flow_grad_norms, ofGradient, 'norms of the gradients of the flow');
  });

  test('the density of the flow', async () => {
    const device = await open();
    const params = goldenFlow(device, 2);
    const x = device.tensor(Float64Array.from((golden.flow.x as number[][]).flat()), [9, 2]);
    const logProb = await values(flow.logProb(params, x));
    const relative = tolerance(REFERENCE_RELATIVE, GPU_LOG_PROB.relative);
    const absolute = tolerance(REFERENCE_RELATIVE, GPU_LOG_PROB.absolute);
    expectClose(logProb, golden.flow.log_prob, { relative, absolute }, 'log phi');
    const dx = grad((p: Tensor) => sum(flow.logProb(params, p)))(x);
    expectCloseInNorm(await values(dx), golden.flow.dx, ofGradient, 'its gradient');
  });

  test('the batches have what they are for', () => {
    const { rough, close, wild } = golden.batches;
    expect(rough.cut.loss).toBeGreaterThan(0);
    expect([close.cut.loss, norm(close.cut.flow_grad_norms)]).toEqual([0, 0]);
    expect(close.uncut.loss).toBeLessThan(0);
    expect((wild.uncut.dmu as number[][][])[0][0]).toEqual([0, 0]);
    expect((wild.uncut.dmu as number[][][])[2][1][1]).toBe(0);
  });
});

describe('joints that count', () => {
  const device = cpu();
  const zeros = () => device.zeros([2, 3, 2]);
  const lossOf = (labels: { target: Tensor; weight?: Tensor }, options: RleOptions<RealNvpParams> = {}) =>
    rle({ mu: zeros(), logit: zeros() }, labels, {
      variant: 'ultralytics',
      flow,
      params: goldenFlow(device, 2),
      cutAtZero: false,
      ...options,
    });

  test('a batch without any has the loss 0 and no gradient', async () => {
    const weight = device.zeros([2, 3, 1]);
    const loss = (p: Required<Prediction>) =>
      rle(p, { target: zeros(), weight }, { variant: 'ultralytics', flow, params: goldenFlow(device, 2) });
    const [value, gradient] = vjp(loss, { mu: zeros(), logit: zeros() }, device.scalar(1));
    expect([await value.item(), norm(await values(gradient.mu))]).toEqual([0, 0]);
  });

  test('the loss of equal joints does not depend on how many have a weight, of whatever shape', async () => {
    const all = await lossOf({ target: zeros() }).item();
    const one = device.tensor([0, 1, 0, 0, 0, 0], [2, 3, 1]);
    const perCoordinate = device.tensor([0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0], [2, 3, 2]);
    for (const weight of [one, perCoordinate]) {
      expect(await lossOf({ target: zeros(), weight }).item()).toBeCloseTo(all, 12);
    }
  });

  test('weights of joints multiply, and do not divide', async () => {
    const jointWeights = device.tensor([3, 3, 3], [3]);
    const all = await lossOf({ target: zeros() }).item();
    expect(await lossOf({ target: zeros() }, { jointWeights }).item()).toBeCloseTo(3 * all, 10);
  });
});
