import { defineOp, type Op, once } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import { formatShape, sumType } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { matching } from '../elementwise/cast.js';
import { sum } from '../reduction/sum.js';
import {
  CONV_DEFAULTS,
  type Conv2dInputAttrs,
  type Conv2dWeightAttrs,
  type ConvAttrs,
  eachRun,
  filterShape,
  forwardGeometry,
  inputGeometry,
  inputShape,
  outputShape,
  weightGeometry,
} from './convGeometry.js';
import { convLaunches } from './launch/convLaunches.js';
import { biasEpilogue } from './launch/epilogue.js';

/**
 * Two-dimensional convolution (cross-correlation, as in PyTorch),
 * `y[n,p,q,k] = bias[k] + sum_rsc x[n, p stride + r dilation - padding, ..., c] filter[r,s,c,k]`.
 *
 * @param x [N, H, W, C]. @param filter [R, S, C / groups, K]. @param bias [K], optional.
 * @returns [N, P, Q, K] with `P = floor((H + 2 padding - dilation (R - 1) - 1) / stride) + 1`.
 * @throws ShapeError if channels, groups or sizes do not fit.
 */
export const conv2d: Op<[x: Tensor, filter: Tensor] | [x: Tensor, filter: Tensor, bias?: Tensor], ConvAttrs> =
  /* @__PURE__ */ defineOp({
    name: 'conv2d',
    arity: [2, 3],
    attrs: CONV_DEFAULTS,
    half: [0, 1],
    shape([x, filter, bias], attrs) {
      const geometry = forwardGeometry('conv2d', x, filter, attrs);
      if (bias && (bias.shape.length !== 1 || bias.shape[0] !== geometry.outC)) {
        throw new ShapeError(
          `conv2d: bias must be [${geometry.outC}], one number per output channel, got ${formatShape(bias.shape)}`,
        );
      }
      return { shape: outputShape(geometry), dtype: x.dtype };
    },
    reference([x, filter, bias], [y], attrs) {
      const geometry = forwardGeometry('conv2d', x, filter, attrs);
      const run = geometry.outC / geometry.groups;
      for (let i = 0; i < y.data.length; i++) y.data[i] = bias ? bias.data[i % bias.data.length] : 0;
      const [xs, fs, ys] = [x.data, filter.data, y.data];
      eachRun(geometry, (i, j, out) => {
        const value = xs[i];
        for (let k = 0; k < run; k++) ys[out + k] += value * fs[j + k];
      });
    },
    launches: ([x, filter, bias], [y], attrs, context) =>
      convLaunches('conv2d', forwardGeometry('conv2d', x, filter, attrs), [x, filter, y], context, biasEpilogue(bias)),
    vjp: (g, { inputs: [x, filter, bias], attrs, places }) => [
      () => conv2dInput(g, filter, { ...attrs, inputSize: [x.shape[1], x.shape[2]] }),
      () => conv2dWeight.apply([x, g], { ...attrs, kernel: [filter.shape[0], filter.shape[1]] }, [places[1]]),
      bias ? () => sum.apply([g], { axes: [0, 1, 2] }, [places[2]]) : null,
    ],
    keep: { inputs: [0, 1] },
  });

/**
 * Gradient of a convolution for its input, the adjoint of `x -> conv2d(x, filter)`,
 * `dx[n,h,w,c] = sum over r,s,k with h = p stride + r dilation - padding of g[n,p,q,k] filter[r,s,c,k]`.
 *
 * @param g [N, P, Q, K]. @param filter [R, S, C / groups, K].
 * @returns [N, H, W, C] with `[H, W] = inputSize`.
 * @throws ShapeError if a convolution of `inputSize` would not give the shape of `g`.
 */
export const conv2dInput: Op<[g: Tensor, filter: Tensor], Conv2dInputAttrs> = /* @__PURE__ */ defineOp({
  name: 'conv2dInput',
  arity: 2,
  attrs: { ...CONV_DEFAULTS, inputSize: [1, 1] },
  half: [0, 1],
  shape: ([g, filter], attrs) => ({ shape: inputShape(inputGeometry(g, filter, attrs)), dtype: g.dtype }),
  reference([g, filter], [dx], attrs) {
    const geometry = inputGeometry(g, filter, attrs);
    const run = geometry.outC / geometry.groups;
    dx.data.fill(0);
    const [gs, fs, dxs] = [g.data, filter.data, dx.data];
    eachRun(geometry, (i, j, out) => {
      let sum = 0;
      for (let k = 0; k < run; k++) sum += gs[out + k] * fs[j + k];
      dxs[i] += sum;
    });
  },
  launches: ([g, filter], [dx], attrs, context) =>
    convLaunches('conv2dInput', inputGeometry(g, filter, attrs), [g, filter, dx], context),
  vjp: (gy, { inputs: [g, filter], attrs, places }) => [
    () => conv2d(gy, filter, convOnly(attrs)),
    () => conv2dWeight.apply([gy, g], { ...convOnly(attrs), kernel: [filter.shape[0], filter.shape[1]] }, [places[1]]),
  ],
});

/**
 * Gradient of a convolution for its filters, the adjoint of `filter -> conv2d(x, filter)`,
 * `df[r,s,c,k] = sum_npq x[n, p stride + r dilation - padding, ..., c] g[n,p,q,k]`.
 *
 * The sum over all output pixels is split into ranges that are added in a fixed order: the same bits on every run.
 *
 * @param x [N, H, W, C]. @param g [N, P, Q, K].
 * @returns [R, S, C / groups, K] with `[R, S] = kernel`; float32 even if the operands are float16, because the sum is
 *   long.
 * @throws ShapeError if a convolution of `x` with such filters would not give the shape of `g`.
 */
export const conv2dWeight: Op<[x: Tensor, g: Tensor], Conv2dWeightAttrs> = /* @__PURE__ */ defineOp({
  name: 'conv2dWeight',
  arity: 2,
  attrs: { ...CONV_DEFAULTS, kernel: [1, 1] },
  half: [0, 1],
  shape: ([x, g], attrs) => ({ shape: filterShape(weightGeometry(x, g, attrs)), dtype: sumType(x.dtype) }),
  reference([x, g], [df], attrs) {
    const geometry = weightGeometry(x, g, attrs);
    const run = geometry.outC / geometry.groups;
    df.data.fill(0);
    const [xs, gs, dfs] = [x.data, g.data, df.data];
    eachRun(geometry, (i, j, out) => {
      const value = xs[i];
      for (let k = 0; k < run; k++) dfs[j + k] += value * gs[out + k];
    });
  },
  launches: ([x, g], [df], attrs, context) =>
    convLaunches('conv2dWeight', weightGeometry(x, g, attrs), [x, g, df], context),
  vjp: (gf, { inputs: [x, g], attrs }) => {
    const conv = convOnly(attrs);
    const filter = once(() => matching(gf, x));
    return [
      () => conv2dInput(g, filter(), { ...conv, inputSize: [x.shape[1], x.shape[2]] }),
      () => conv2d(x, filter(), conv),
    ];
  },
});

/** The attributes that all three have. */
function convOnly({ stride, padding, dilation, groups }: ConvAttrs): ConvAttrs {
  return { stride, padding, dilation, groups };
}
