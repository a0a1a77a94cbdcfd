import type { OpCases } from '../../autograd/cases.js';
import { defineOp, type Op, once } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import { f32bits, type Launch } from '../../tensor/backend.js';
import { launchThreads } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import { formatShape, sameShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { add, mul, sub } from '../elementwise/arithmetic.js';
import { rsqrt } from '../elementwise/unary.js';
import { lanesOf } from '../pool/poolWindow.js';
import { sumTo } from '../reduction/sum.js';
import batchNormEvalWgsl from '../wgsl/batchNormEval.wgsl.js';

const normalises = /* @__PURE__ */ programs('batchNormEval', batchNormEvalWgsl);

/** Attributes of `batchNormEval`: eps is added to the variance. */
export interface BatchNormEvalAttrs {
  /** Added to the variance. */
  readonly eps: number;
}

/**
 * Batch norm with given statistics, `y = gamma (x - mean) / sqrt(variance + eps) + beta`: evaluation, and training with
 * frozen statistics. Differentiable in all operands.
 *
 * @param x [N, ..., C], float32 or float16
 * @param gamma scale [C]; `beta` shift [C]; `mean` and biased `variance` [C], usually the running ones
 * @returns y like x
 * @throws ShapeError if a vector is not [C]
 */
export const batchNormEval: Op<
  [x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, variance: Tensor],
  BatchNormEvalAttrs
> = /* @__PURE__ */ defineOp({
  name: 'batchNormEval',
  arity: 5,
  attrs: { eps: 1e-5 },
  half: [0],
  shape([x, gamma, beta, mean, variance]) {
    for (const [what, { shape }] of Object.entries({ gamma, beta, mean, variance })) {
      if (sameShape(shape, x.shape.slice(-1)) && x.shape.length > 0) continue;
      throw new ShapeError(
        `batchNormEval: ${what} must be [C] for x [N, ..., C], got ${formatShape(shape)} for ${formatShape(x.shape)}; ` +
          'channels are the last axis',
      );
    }
    return x;
  },
  reference([x, gamma, beta, mean, variance], [y], { eps }) {
    const C = gamma.data.length;
    for (let i = 0; i < x.data.length; i++) {
      const c = i % C;
      const scale = gamma.data[c] / Math.sqrt(variance.data[c] + eps);
      y.data[i] = (x.data[i] - mean.data[c]) * scale + beta.data[c];
    }
  },
  launches(inputs, [y], { eps }): Launch[] {
    const lanes = lanesOf(y);
    const params = [y.shape[y.rank - 1] / lanes, f32bits(eps)];
    return [launchThreads(y.size / lanes, normalises(lanes), inputs, [y], params)];
  },
  vjp(g, { inputs: [x, gamma, , mean, variance], attrs: { eps }, places }) {
    const rstd = once(() => rsqrt(add(variance, eps)));
    const scale = once(() => mul(gamma, rstd()));
    const sumG = once(() => sumTo(g, gamma.shape, places[2]));
    const sumGx = once(() => sumTo(mul(g, sub(x, mean)), gamma.shape));
    return [
      () => mul(g, scale()),
      () => mul.apply([sumGx(), rstd()], {}, [places[1]]),
      sumG,
      () => mul(mul(sumG(), scale()), -1),
      () => mul(mul(sumGx(), scale()), mul(mul(rstd(), rstd()), -0.5)),
    ];
  },
  keep: { inputs: [0, 1, 3, 4] },
});

const vectors = (C: number) => [{ shape: [C] }, { shape: [C] }, { shape: [C] }, { shape: [C], lo: 0.5, hi: 1.5 }];

export const batchNormEvalCases = (): OpCases => ({
  op: batchNormEval,
  samples: [
    { inputs: [{ shape: [2, 3, 2, 5] }, ...vectors(5)] },
    { inputs: [{ shape: [7, 4] }, ...vectors(4)], attrs: { eps: 1e-3 } },
    { inputs: [{ shape: [3, 1] }, ...vectors(1)] },
  ],
  errors: [
    {
      inputs: [{ shape: [2, 5] }, ...vectors(5).slice(1), { shape: [2] }],
      message: /variance must be \[C\].*\[2\] for/,
    },
    { inputs: [{ shape: [] }, ...vectors(1)], message: /gamma must be/ },
  ],
  bench: [
    {
      name: '[32, 64, 48, 64]',
      inputs: [{ shape: [32, 64, 48, 64] }, ...vectors(64)],
      flop: 4 * 32 * 64 * 48 * 64,
      bytes: 4 * 2 * 32 * 64 * 48 * 64,
    },
  ],
});
