import { type Op, type Operand, once } from '../../autograd/op.js';
import type { Tensor } from '../../tensor/tensor.js';
import { add, div, mul, neg, sub } from '../elementwise/arithmetic.js';
import { defineElementwise } from '../elementwise/define.js';
import { rsqrt } from '../elementwise/unary.js';

export interface NormaliseAttrs {
  /** Added to the variance. */
  readonly eps: number;
}

type Normalised = [x: Tensor, mean: Tensor, variance: Tensor, weight: Operand, bias: Operand];

/**
 * @internal `y = (x - mean) / sqrt(variance + eps) weight + bias` with broadcasting, in one pass over memory: what layer and
 * group norm do with statistics of x.
 */
export const normalise: Op<Normalised, NormaliseAttrs> = /* @__PURE__ */ defineElementwise<Normalised, NormaliseAttrs>({
  name: 'normalise',
  operands: ['x', 'mean', 'variance', 'weight', 'bias'],
  value: (x, mean, variance, weight, bias, { eps }) => ((x - mean) / Math.sqrt(variance + eps)) * weight + bias,
  wgsl: '(x - mean) * inverseSqrt(variance + p.eps) * weight + bias',
  attrs: { eps: 1e-5 },
  uniforms: ['eps'],
  vjp(g, { inputs: [x, mean, variance, weight], attrs: { eps } }) {
    const scale = once(() => rsqrt(add(variance, eps)));
    const centred = once(() => mul(sub(x, mean), scale()));
    const toX = once(() => mul(mul(g, weight), scale()));
    return [
      toX,
      () => neg(toX()),
      () => mul(mul(toX(), centred()), mul(scale(), -0.5)),
      () => mul(g, centred()),
      () => g,
    ];
  },
  keep: { inputs: [0, 1, 2, 3] },
});

type Projected = [g: Tensor, meanG: Tensor, y: Tensor, meanGy: Tensor, variance: Tensor];

/**
 * @internal `dx = (g - mean g - y mean(g y)) / sqrt(variance + eps)`, the gradient of the normalised `y` where mean and variance
 * are those of x, in one pass over memory.
 */
export const normaliseGrad: Op<Projected, NormaliseAttrs> = /* @__PURE__ */ defineElementwise<
  Projected,
  NormaliseAttrs
>({
  name: 'normaliseGrad',
  operands: ['g', 'meanG', 'y', 'meanGy', 'variance'],
  value: (g, meanG, y, meanGy, variance, { eps }) => (g - meanG - y * meanGy) / Math.sqrt(variance + eps),
  wgsl: '(g - meanG - y * meanGy) * inverseSqrt(variance + p.eps)',
  attrs: { eps: 1e-5 },
  uniforms: ['eps'],
  vjp(h, { inputs: [, , y, meanGy, variance], outputs: [dx], attrs: { eps } }) {
    const scaled = once(() => mul(h, rsqrt(add(variance, eps))));
    return [
      scaled,
      () => neg(scaled()),
      () => neg(mul(scaled(), meanGy)),
      () => neg(mul(scaled(), y)),
      () => mul(mul(h, dx), div(-0.5, add(variance, eps))),
    ];
  },
  keep: { inputs: [2, 3, 4], outputs: [0] },
});
