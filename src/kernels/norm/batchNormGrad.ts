import { defineMultiOp, firstOrderOnly, type Op, type TensorSpec } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import type { Launch, LaunchContext, View } from '../../tensor/backend.js';
import { programs } from '../../tensor/programs.js';
import { formatShape, type Shape, sameShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { BatchNormVariant } from '../wgsl/batchNorm.wgsl.js';
import { gradientSums, gradients } from '../wgsl/batchNormGrad.wgsl.js';
import { columnPlan } from './columnPlan.js';

const sumsOf = /* @__PURE__ */ programs('batchNormGrad sums', gradientSums);
const gradientsOf = /* @__PURE__ */ programs('batchNormGrad', gradients);

type Gradients = [dx: Tensor, dgamma: Tensor, dbeta: Tensor];

/**
 * @internal Gradients of `batchNorm`, with `xhat = (x - mean) rstd`: `dbeta = sum g`, `dgamma = sum g xhat`,
 * `dx = gamma rstd (g - dbeta / M - xhat dgamma / M)`, in two dispatches.
 *
 * @param g cotangent of y, like x; `saved` [1 + chunks, 2, C] begins with mean and rstd
 * @throws ShapeError when differentiated
 */
export const batchNormGrad: Op<[g: Tensor, x: Tensor, gamma: Tensor, saved: Tensor], object, Gradients> =
  /* @__PURE__ */ declare('batchNormGrad', { relu: false, residual: false });

/** @internal Gradients of `batchNormRelu`: those of `batchNorm` for `g [y > 0]`. */
export const batchNormReluGrad: Op<[g: Tensor, x: Tensor, gamma: Tensor, saved: Tensor, y: Tensor], object, Gradients> =
  /* @__PURE__ */ declare('batchNormReluGrad', { relu: true, residual: false });

/** @internal Gradients of `batchNormAddRelu`: those of `batchNormRelu`, and `g [y > 0]` for the residual. */
export const batchNormAddReluGrad: Op<
  [g: Tensor, x: Tensor, gamma: Tensor, saved: Tensor, y: Tensor],
  object,
  [...Gradients, dresidual: Tensor]
> = /* @__PURE__ */ declare('batchNormAddReluGrad', { relu: true, residual: true });

function declare<I extends readonly unknown[], R extends readonly Tensor[]>(
  name: string,
  variant: BatchNormVariant,
): Op<I, object, R> {
  return defineMultiOp<I, object, R>({
    name,
    arity: variant.relu ? 5 : 4,
    attrs: {},
    half: [0, 1, 4],
    shape([g, x, gamma, saved, y]) {
      const vector: TensorSpec = { shape: x.shape.slice(-1), dtype: 'float32' };
      checkLike(name, 'g', g.shape, x.shape);
      checkLike(name, 'gamma', gamma.shape, vector.shape);
      checkLike(name, 'saved', saved.shape, [1 + columnPlan(x.shape).chunks, 2, ...vector.shape]);
      if (variant.relu) checkLike(name, 'y', y.shape, x.shape);
      const like: TensorSpec = { shape: x.shape, dtype: x.dtype };
      return [like, vector, vector, ...(variant.residual ? [like] : [])];
    },
    reference,
    launches: (inputs, outputs, _, context) => launches(inputs, outputs, variant, context),
    vjp: firstOrderOnly(name.replace('Grad', '')),
    keep: { inputs: [] },
  });
}

function checkLike(op: string, what: string, shape: Shape, expected: Shape): void {
  if (sameShape(shape, expected)) return;
  throw new ShapeError(`${op}: ${what} must be ${formatShape(expected)}, got ${formatShape(shape)}`);
}

function reference([g, x, gamma, saved, y]: readonly View[], [dx, dgamma, dbeta, dresidual]: readonly View[]): void {
  const C = gamma.data.length;
  const M = x.data.length / C;
  const passes = (i: number) => (y && y.data[i] <= 0 ? 0 : g.data[i]);
  for (let c = 0; c < C; c++) {
    const mean = saved.data[c];
    const rstd = saved.data[C + c];
    let sumG = 0;
    let sumGx = 0;
    for (let i = c; i < x.data.length; i += C) {
      sumG += passes(i);
      sumGx += passes(i) * (x.data[i] - mean) * rstd;
    }
    for (let i = c; i < x.data.length; i += C) {
      const xhat = (x.data[i] - mean) * rstd;
      dx.data[i] = gamma.data[c] * rstd * (passes(i) - sumG / M - (xhat * sumGx) / M);
      if (dresidual) dresidual.data[i] = passes(i);
    }
    dgamma.data[c] = sumGx;
    dbeta.data[c] = sumG;
  }
}

/** After a ReLU the first dispatch leaves the masked cotangent in dresidual, or else in dx, where the second one finds it. */
function launches(
  [g, x, gamma, saved, y]: readonly Tensor[],
  [dx, dgamma, dbeta, dresidual]: readonly Tensor[],
  variant: BatchNormVariant,
  context: LaunchContext,
): Launch[] {
  const { tile, M, C, chunks, chunkRows, groupRows, firstGrid, secondGrid } = columnPlan(
    x.shape,
    context.capabilities.tier,
  );
  const params = [0, 0, 0, M, C, chunks, chunkRows, groupRows];
  const partial = context.scratch(chunks * 2 * gamma.size);
  const masked = variant.relu ? (dresidual ?? dx) : undefined;
  const inPlace = masked === dx;
  return [
    {
      program: sumsOf(tile, variant),
      read: [g, x, saved, ...(masked ? [y] : [])],
      write: [partial, ...(masked ? [masked] : [])],
      params,
      grid: firstGrid,
      split: { word: 0 },
    },
    {
      program: gradientsOf(tile, { inPlace }),
      read: [...(inPlace ? [] : [masked ?? g]), x, gamma, saved, partial],
      write: [dx, dgamma, dbeta],
      params,
      grid: secondGrid,
      split: { word: 0 },
    },
  ];
}
