import type { OpCases } from '../../autograd/cases.js';
import { defineOp, type Op, once } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import { formatShape, sameShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { reluGrad } from '../elementwise/activation.js';
import { add, mul, sub } from '../elementwise/arithmetic.js';
import { rsqrt } from '../elementwise/unary.js';
import { sumTo } from '../reduction/sum.js';
import { type Activation, checkActivation } from '../wgsl/epilogue.wgsl.js';
import { conv2d, conv2dInput, conv2dWeight } from './conv2d.js';
import { CONV_DEFAULTS, type ConvAttrs, forwardGeometry, outputShape } from './convGeometry.js';
import { convLaunches } from './launch/convLaunches.js';
import { normEpilogue } from './launch/epilogue.js';
import { depthwiseConvs, resnetConvs } from './resnetConvs.js';

/** Attributes of `conv2dNorm`: those of the convolution, eps of the normalisation, and the activation after it. */
export interface Conv2dNormAttrs extends ConvAttrs {
  /** Added to the variance. */
  readonly eps: number;
  /** `relu6` is `min(max(x, 0), 6)`. */
  readonly activation: Activation;
}

const DEFAULTS: Conv2dNormAttrs = { ...CONV_DEFAULTS, eps: 1e-5, activation: 'none' };

type Operands = [x: Tensor, filter: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, variance: Tensor];

/**
 * A convolution, the batch norm of evaluation, a residual and an activation in one dispatch:
 * `y = act(gamma (conv2d(x, filter) - mean) / sqrt(variance + eps) + beta [+ residual])`.
 *
 * The kernel normalises its sums before it stores them. No filter with the norm folded in is kept, which could become
 * stale. Differentiable in all operands; the gradients for gamma, mean and variance run the convolution once more.
 *
 * @param x [N, H, W, C]. @param filter [R, S, C / groups, K]. @param gamma, beta, mean, variance [K].
 * @param residual like y, optional. @returns y [N, P, Q, K], see `conv2d`.
 * @throws ShapeError if channels, groups or sizes do not fit.
 */
export const conv2dNorm: Op<Operands | [...Operands, residual?: Tensor], Conv2dNormAttrs> = /* @__PURE__ */ defineOp({
  name: 'conv2dNorm',
  arity: [6, 7],
  attrs: DEFAULTS,
  half: [0, 1, 6],
  shape([x, filter, gamma, beta, mean, variance, residual], attrs) {
    const geometry = forwardGeometry('conv2dNorm', x, filter, attrs);
    checkActivation('conv2dNorm', attrs.activation);
    for (const [what, { shape }] of Object.entries({ gamma, beta, mean, variance })) {
      if (sameShape(shape, [geometry.outC])) continue;
      throw new ShapeError(
        `conv2dNorm: ${what} must be [${geometry.outC}], one number per output channel, got ${formatShape(shape)}`,
      );
    }
    const shape = outputShape(geometry);
    if (residual && !sameShape(residual.shape, shape)) {
      throw new ShapeError(
        `conv2dNorm: the residual must be like the result ${formatShape(shape)}, got ${formatShape(residual.shape)}`,
      );
    }
    return { shape, dtype: x.dtype };
  },
  reference([x, filter, gamma, beta, mean, variance, residual], [y], attrs) {
    conv2d.def.reference([x, filter], [y], attrs);
    const K = gamma.data.length;
    for (let i = 0; i < y.data.length; i++) {
      const k = i % K;
      const scale = gamma.data[k] / Math.sqrt(variance.data[k] + attrs.eps);
      const sum = (y.data[i] - mean.data[k]) * scale + beta.data[k] + (residual ? residual.data[i] : 0);
      const rectified = attrs.activation === 'none' ? sum : Math.max(sum, 0);
      y.data[i] = attrs.activation === 'relu6' ? Math.min(rectified, 6) : rectified;
    }
  },
  launches([x, filter, gamma, beta, mean, variance, residual], [y], attrs, context) {
    const bound = normEpilogue([gamma, beta, mean, variance], attrs.eps, residual, attrs.activation);
    return convLaunches('conv2d', forwardGeometry('conv2dNorm', x, filter, attrs), [x, filter, y], context, bound);
  },
  vjp(g, { inputs: [x, filter, gamma, , mean, variance, residual], outputs: [y], attrs, places }) {
    const { activation, eps, ...conv } = attrs;
    const passed = once(() => {
      const positive = activation === 'none' ? g : reluGrad(g, y);
      return activation === 'relu6' ? reluGrad(positive, sub(6, y)) : positive;
    });
    const rstd = once(() => rsqrt(add(variance, eps)));
    const scale = once(() => mul(gamma, rstd()));
    const toConv = once(() => mul(passed(), scale()));
    const sumG = once(() => sumTo(passed(), gamma.shape, places[3]));
    const sumGx = once(() => sumTo(mul(passed(), sub(conv2d(x, filter, conv), mean)), gamma.shape));
    return [
      () => conv2dInput(toConv(), filter, { ...conv, inputSize: [x.shape[1], x.shape[2]] }),
      () => conv2dWeight.apply([x, toConv()], { ...conv, kernel: [filter.shape[0], filter.shape[1]] }, [places[1]]),
      () => mul.apply([sumGx(), rstd()], {}, [places[2]]),
      sumG,
      () => mul(mul(sumG(), scale()), -1),
      () => mul(mul(sumGx(), scale()), mul(mul(rstd(), rstd()), -0.5)),
      residual ? passed : null,
    ];
  },
  keep: { inputs: [0, 1, 2, 4, 5], outputs: [0] },
});

// Mean 0, beta and residual of one sign and small sums keep away from the kinks at 0 and 6.
const vectors = (K: number, beta = 0.2) => [
  { shape: [K], lo: 0.5, hi: 1 },
  { shape: [K], lo: beta, hi: beta + 0.1 },
  { shape: [K], lo: -0.1, hi: 0.1 },
  { shape: [K], lo: 0.5, hi: 1.5 },
];
const small = (shape: readonly number[]) => ({ shape, lo: 0, hi: 0.2 });

export const conv2dNormCases = (): OpCases => ({
  op: conv2dNorm,
  samples: [
    {
      inputs: [{ shape: [2, 5, 4, 3] }, { shape: [3, 2, 3, 5] }, ...vectors(5)],
      attrs: { padding: 1, stride: 2, eps: 1e-3 },
    },
    {
      inputs: [small([1, 5, 6, 8]), small([3, 3, 8, 12]), ...vectors(12), { shape: [1, 5, 6, 12], lo: 0.5 }],
      attrs: { padding: 1, activation: 'relu' },
    },
    {
      inputs: [
        small([2, 3, 5, 4]),
        small([1, 1, 4, 6]),
        ...vectors(6, -2),
        { shape: [2, 3, 5, 6], lo: -0.9, hi: -0.5 },
      ],
      attrs: { activation: 'relu' },
    },
    { inputs: [small([3, 4, 3, 12]), small([1, 1, 12, 8]), ...vectors(8, 7)], attrs: { activation: 'relu6' } },
    { inputs: [small([2, 5, 7, 8]), small([3, 3, 1, 8]), ...vectors(8)], attrs: { groups: 8, activation: 'relu6' } },
    { inputs: [small([1, 4, 5, 6]), small([3, 3, 3, 4]), ...vectors(4)], attrs: { groups: 2, activation: 'relu' } },
    // NaN passes the activation.
    {
      inputs: [{ shape: [1, 1, 1, 1], values: [Number.NaN] }, { shape: [1, 1, 1, 4] }, ...vectors(4)],
      attrs: { activation: 'relu6' },
      order: 0,
    },
  ],
  errors: [
    {
      inputs: [{ shape: [1, 4, 4, 3] }, { shape: [3, 3, 3, 5] }, ...vectors(5).slice(1), { shape: [4] }],
      message: /conv2dNorm: variance must be \[5\].*\[4\]/,
    },
    {
      inputs: [{ shape: [1, 4, 4, 3] }, { shape: [3, 3, 3, 5] }, ...vectors(5), { shape: [1, 4, 4, 5] }],
      message: /residual must be like the result \[1, 2, 2, 5\]/,
    },
  ],
  bench: [...resnetConvs(), ...depthwiseConvs()].map(({ x, filter, y, attrs, ...rest }) => ({
    ...rest,
    inputs: [{ shape: x }, { shape: filter }, ...vectors(filter[3]), { shape: y }],
    attrs: { ...attrs, activation: 'relu' },
  })),
});
