import { defineMultiOp, type Op, once, type Pullback, type VjpContext } from '../../autograd/op.js';
import type { Places } from '../../autograd/tape.js';
import { ShapeError } from '../../errors.js';
import { type Capabilities, f32bits, type Launch, type View } from '../../tensor/backend.js';
import { programs } from '../../tensor/programs.js';
import { formatShape, type Shape, sameShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { add, mul, sub } from '../elementwise/arithmetic.js';
import { sum } from '../reduction/sum.js';
import { type BatchNormVariant, normalise, statistics } from '../wgsl/batchNorm.wgsl.js';
import { batchNormAddReluGrad, batchNormGrad, batchNormReluGrad } from './batchNormGrad.js';
import { columnPlan } from './columnPlan.js';

const statisticsOf = /* @__PURE__ */ programs('batchNorm statistics', statistics);
const normalises = /* @__PURE__ */ programs('batchNorm', normalise);

/** Attributes of `batchNorm` and its fused forms. */
export interface BatchNormAttrs {
  /** Added to the variance. */
  readonly eps: number;
  /** Share of this batch in the running statistics. */
  readonly momentum: number;
}

export const PLAIN: BatchNormVariant = { relu: false, residual: false };
export const RELU: BatchNormVariant = { relu: true, residual: false };
export const ADD_RELU: BatchNormVariant = { relu: true, residual: true };

type Statistics = [x: Tensor, gamma: Tensor, beta: Tensor, runningMean: Tensor, runningVar: Tensor];
type Result = [y: Tensor, runningMean: Tensor, runningVar: Tensor];
type Gradient = (places: Places, g: Tensor, x: Tensor, gamma: Tensor, saved: Tensor, y: Tensor) => readonly Tensor[];

/**
 * Batch norm in training, `y = gamma (x - mean) / sqrt(var + eps) + beta` with the batch's mean and biased variance over
 * all axes but the last, in two dispatches; the same dispatches update the running statistics in place:
 * `running += momentum (batch - running)`, with the unbiased variance, as PyTorch does.
 *
 * @param x [N, ..., C], float32 or float16, with at least two values per channel
 * @param gamma scale [C]; `beta` shift [C]; `runningMean`, `runningVar` [C], whose handles die
 * @returns y like x, and the new running statistics
 * @throws ShapeError if a vector is not [C] or a channel has one value; when differentiated twice
 */
export const batchNorm: Op<Statistics, BatchNormAttrs, Result> = /* @__PURE__ */ declare(
  'batchNorm',
  PLAIN,
  (places, g, x, gamma, saved) => batchNormGrad.apply([g, x, gamma, saved], {}, places),
);

/** `relu(batchNorm(x))` in the same two dispatches; the mask of its gradient is read off y. */
export const batchNormRelu: Op<Statistics, BatchNormAttrs, Result> = /* @__PURE__ */ declare(
  'batchNormRelu',
  RELU,
  (places, ...operands) => batchNormReluGrad.apply(operands, {}, places),
);

/** `relu(batchNorm(x) + residual)` in the same two dispatches: the end of a residual block; the residual is like x. */
export const batchNormAddRelu: Op<[...Statistics, residual: Tensor], BatchNormAttrs, Result> = /* @__PURE__ */ declare(
  'batchNormAddRelu',
  ADD_RELU,
  (places, ...operands) => batchNormAddReluGrad.apply(operands, {}, places),
);

function declare<I extends readonly unknown[]>(
  name: string,
  variant: BatchNormVariant,
  gradient: Gradient,
): Op<I, BatchNormAttrs, Result> {
  const all = defineMultiOp<I, BatchNormAttrs, [Tensor, Tensor, Tensor, Tensor]>({
    name,
    arity: variant.residual ? 6 : 5,
    attrs: { eps: 1e-5, momentum: 0.1 },
    half: [0, 5],
    // Outputs that are updated in place come first, as `donates` counts them; what only the VJP sees comes last.
    shape([x, ...rest]) {
      checkOperands(
        name,
        x.shape,
        rest.map((t) => t.shape),
      );
      const { chunks } = columnPlan(x.shape);
      const vector = { shape: x.shape.slice(-1), dtype: 'float32' } as const;
      const saved = { shape: [1 + chunks, 2, ...vector.shape], dtype: 'float32' } as const;
      return [vector, vector, { shape: x.shape, dtype: x.dtype }, saved];
    },
    reference: (inputs, outputs, attrs) => reference(inputs, outputs, attrs, variant),
    launches: (inputs, outputs, attrs, { capabilities }) =>
      launches(inputs, outputs, attrs, variant, capabilities.tier),
    vjp: (gs, context) => pullback(gs, context, gradient),
    keep: { inputs: [0, 1], outputs: variant.relu ? [2, 3] : [3] },
    donates: [3, 4],
  });
  const visible = ([runningMean, runningVar, y, saved]: readonly Tensor[]): Result => {
    saved.dispose(); // the tape has retained it
    return [y, runningMean, runningVar];
  };
  const call = (...args: Parameters<typeof all>) => visible(all(...args));
  const apply: Op<I, BatchNormAttrs, Result>['apply'] = (inputs, attrs) => visible(all.apply(inputs, attrs));
  return Object.assign(call, { def: all.def, apply });
}

function checkOperands(op: string, x: Shape, [gamma, beta, mean, variance, residual]: readonly Shape[]): void {
  const channels = x.slice(-1);
  for (const [what, shape] of Object.entries({ gamma, beta, 'running mean': mean, 'running variance': variance })) {
    if (!sameShape(shape, channels) || x.length < 2) {
      throw new ShapeError(
        `${op}: ${what} must be [C] for x [N, ..., C], got ${formatShape(shape)} for ${formatShape(x)}; ` +
          'channels are the last axis',
      );
    }
  }
  if (columnPlan(x).M < 2) {
    throw new ShapeError(
      `${op}: x ${formatShape(x)} has one value per channel, whose variance is 0; use a larger batch, or batchNormEval`,
    );
  }
  if (residual && !sameShape(residual, x)) {
    throw new ShapeError(`${op}: the residual must be like x ${formatShape(x)}, got ${formatShape(residual)}`);
  }
}

/**
 * `saved` holds mean and 1 / sqrt(var + eps), then the partial results of the kernel's chunks. They share a tensor
 * because a dispatch may bind no more than 8 buffers.
 */
function reference(
  [x, gamma, beta, oldMean, oldVar, residual]: readonly View[],
  [runningMean, runningVar, y, saved]: readonly View[],
  { eps, momentum }: BatchNormAttrs,
  { relu }: BatchNormVariant,
): void {
  const C = gamma.data.length;
  const M = x.data.length / C;
  for (let c = 0; c < C; c++) {
    let total = 0;
    for (let i = c; i < x.data.length; i += C) total += x.data[i];
    const mean = total / M;
    let squares = 0;
    for (let i = c; i < x.data.length; i += C) squares += (x.data[i] - mean) ** 2;
    const rstd = 1 / Math.sqrt(squares / M + eps);
    for (let i = c; i < x.data.length; i += C) {
      const v = (x.data[i] - mean) * rstd * gamma.data[c] + beta.data[c] + (residual ? residual.data[i] : 0);
      y.data[i] = relu && v <= 0 ? 0 : v;
    }
    saved.data[c] = mean;
    saved.data[C + c] = rstd;
    runningMean.data[c] = oldMean.data[c] + momentum * (mean - oldMean.data[c]);
    runningVar.data[c] = oldVar.data[c] + momentum * (squares / (M - 1) - oldVar.data[c]);
  }
}

function launches(
  [x, gamma, beta, , , residual]: readonly Tensor[],
  [runningMean, runningVar, y, saved]: readonly Tensor[],
  { eps, momentum }: BatchNormAttrs,
  variant: BatchNormVariant,
  tier: Capabilities['tier'],
): Launch[] {
  const { tile, M, C, chunks, chunkRows, groupRows, firstGrid, secondGrid } = columnPlan(x.shape, tier);
  const params = [0, 0, 0, M, C, chunks, chunkRows, groupRows, ...[eps, momentum, M / (M - 1)].map(f32bits)];
  return [
    {
      program: statisticsOf(tile),
      read: [x],
      write: [saved],
      params,
      grid: firstGrid,
      split: { word: 0 },
    },
    {
      program: normalises(tile, variant),
      read: [x, gamma, beta, ...(variant.residual ? [residual] : [])],
      write: [runningMean, runningVar, y, saved],
      params,
      grid: secondGrid,
      split: { word: 0 },
    },
  ];
}

function pullback(
  [gMean, gVar, g]: readonly (Tensor | undefined)[],
  {
    inputs: [x, gamma, , , , residual],
    outputs: [, , y, saved],
    attrs: { momentum },
    places,
  }: VjpContext<BatchNormAttrs>,
  gradient: Gradient,
): Pullback {
  const ofParameters = [undefined, places[1], places[2]];
  const all = once(() => gradient(ofParameters, g ?? x.device.zeros(x.shape, x.dtype), x, gamma, saved, y));
  const running = (cotangent: Tensor | undefined) => () =>
    cotangent ? mul(cotangent, 1 - momentum) : x.device.zeros(gamma.shape);
  return [
    () => throughStatistics(all()[0], x, momentum, gMean, gVar),
    () => all()[1],
    () => all()[2],
    running(gMean),
    running(gVar),
    residual ? () => all()[3] : null,
  ];
}

/** Adds to dx what reaches x through the running statistics; training does not use them, so this rarely runs. */
function throughStatistics(dx: Tensor, x: Tensor, momentum: number, gMean?: Tensor, gVar?: Tensor): Tensor {
  const { M } = columnPlan(x.shape);
  const axes = Array.from({ length: x.rank - 1 }, (_, i) => i);
  let total = dx;
  if (gMean) total = add(total, mul(gMean, momentum / M));
  if (gVar) {
    const deviation = sub(x, mul(sum(x, { axes }), 1 / M));
    total = add(total, mul(mul(gVar, (2 * momentum) / (M - 1)), deviation));
  }
  return total;
}
