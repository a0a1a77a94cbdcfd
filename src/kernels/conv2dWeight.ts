import type { OpCases } from '../autograd/cases.js';
import { defineOp, type Op, once, type TensorSpec } from '../autograd/op.js';
import { ShapeError } from '../errors.js';
import { formatShape, sumType } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { matching } from './cast.js';
import { conv2d } from './conv2d.js';
import { conv2dInput } from './conv2dInput.js';
import { conv2dWeightLaunches } from './conv2dWeightLaunches.js';
import {
  CONV_DEFAULTS,
  type ConvAttrs,
  type ConvGeometry,
  eachTap,
  filterShape,
  forwardGeometry,
  type Pair,
} from './convGeometry.js';
import { depthwiseConvs, resnetConvs } from './resnetConvs.js';

export interface Conv2dWeightAttrs extends ConvAttrs {
  /** Height and width of the filters. */
  readonly kernel: Pair;
}

/**
 * Gradient of a convolution for its filters, the adjoint of `filter -> conv2d(x, filter)`,
 * `df[r,s,c,k] = sum_npq x[n, p stride + r dilation - padding, ..., c] g[n,p,q,k]`.
 *
 * The sum over all output pixels is split into ranges that are added in a fixed order: the same bits on every run.
 *
 * @param x [N, H, W, C]. @param g [N, P, Q, K].
 * @returns [R, S, C / groups, K] with `[R, S] = kernel`; a long sum, hence float32 also of float16.
 * @throws ShapeError if a convolution of `x` with such filters would not give the shape of `g`.
 */
export const conv2dWeight: Op<[x: Tensor, g: Tensor], Conv2dWeightAttrs> = /* @__PURE__ */ defineOp({
  name: 'conv2dWeight',
  attrs: { ...CONV_DEFAULTS, kernel: [1, 1] },
  half: [0, 1],
  shape: ([x, g], attrs) => ({ shape: filterShape(weightGeometry(x, g, attrs)), dtype: sumType(x.dtype) }),
  reference([x, g], [df], attrs) {
    const geometry = weightGeometry({ ...x, dtype: 'float32' }, { ...g, dtype: 'float32' }, attrs);
    const { inC, outC, groups } = geometry;
    const [groupC, groupK] = [inC / groups, outC / groups];
    df.data.fill(0);
    const [xs, gs, dfs] = [x.data, g.data, df.data];
    eachTap(geometry, (out, tap, pixel) => {
      for (let c = 0; c < inC; c++) {
        const value = xs[pixel * inC + c];
        const k0 = Math.floor(c / groupC) * groupK;
        const to = (tap * groupC + (c % groupC)) * outC;
        for (let k = k0; k < k0 + groupK; k++) dfs[to + k] += value * gs[out * outC + k];
      }
    });
  },
  launches: ([x, g], [df], attrs, context) => conv2dWeightLaunches(weightGeometry(x, g, attrs), x, g, df, context),
  vjp: (gf, { inputs: [x, g], attrs }) => {
    const { stride, padding, dilation, groups } = attrs;
    const conv = { stride, padding, dilation, groups };
    const filter = once(() => matching(gf, x));
    return [
      () => conv2dInput(g, filter(), { ...conv, inputSize: [x.shape[1], x.shape[2]] }),
      () => conv2d(x, filter(), conv),
    ];
  },
});

function weightGeometry(x: TensorSpec, g: TensorSpec, attrs: Conv2dWeightAttrs): ConvGeometry {
  if (x.shape.length !== 4 || g.shape.length !== 4) {
    throw new ShapeError(
      `conv2dWeight: x [N, H, W, C] and g [N, P, Q, K] must have rank 4, got ${formatShape(x.shape)} and ${formatShape(g.shape)}`,
    );
  }
  const [batch, P, Q, K] = g.shape;
  const filter = { shape: [...attrs.kernel, x.shape[3] / attrs.groups, K], dtype: x.dtype };
  const geometry = forwardGeometry('conv2dWeight', x, filter, attrs);
  const [outH, outW] = geometry.outSize;
  if (geometry.batch !== batch || outH !== P || outW !== Q) {
    throw new ShapeError(
      `conv2dWeight: ${attrs.kernel.join('x')} filters on ${formatShape(x.shape)} give an output of ` +
        `[${geometry.batch}, ${outH}, ${outW}, ${K}], but g is ${formatShape(g.shape)}; mend kernel or the attributes`,
    );
  }
  return geometry;
}

export const conv2dWeightCases = (): OpCases => ({
  op: conv2dWeight,
  samples: [
    { inputs: [{ shape: [2, 5, 4, 3] }, { shape: [2, 5, 5, 5] }], attrs: { padding: 1, kernel: [3, 2] } },
    { inputs: [{ shape: [1, 7, 6, 8] }, { shape: [1, 4, 3, 12] }], attrs: { stride: 2, padding: 1, kernel: [3, 3] } },
    { inputs: [{ shape: [3, 11, 9, 4] }, { shape: [3, 11, 9, 8] }], attrs: { kernel: [1, 1] } },
    {
      inputs: [{ shape: [1, 6, 5, 20] }, { shape: [1, 4, 3, 36] }],
      attrs: { dilation: 2, padding: 1, kernel: [3, 3] },
    },
    {
      inputs: [{ shape: [2, 5, 6, 8] }, { shape: [2, 5, 3, 12] }],
      attrs: { groups: 2, padding: 1, stride: [1, 2], kernel: [3, 3] },
    },
    {
      inputs: [{ shape: [1, 13, 17, 3] }, { shape: [1, 7, 9, 6] }],
      attrs: { groups: 3, stride: 2, padding: 1, kernel: [3, 3] },
    },
    { inputs: [{ shape: [3, 9, 7, 8] }, { shape: [3, 9, 7, 8] }], attrs: { groups: 8, padding: 1, kernel: [3, 3] } },
    {
      inputs: [{ shape: [1, 6, 9, 6] }, { shape: [1, 8, 3, 6] }],
      attrs: { groups: 6, stride: [1, 3], dilation: [1, 2], padding: [2, 1], kernel: [3, 2] },
    },
  ],
  errors: [
    {
      inputs: [{ shape: [1, 4, 4, 3] }, { shape: [1, 4, 4, 5] }],
      attrs: { kernel: [3, 3] },
      message: /give an output of \[1, 2, 2, 5\]/,
    },
    { inputs: [{ shape: [4, 4, 3] }, { shape: [1, 4, 4, 5] }], attrs: { kernel: [3, 3] }, message: /rank 4/ },
  ],
  bench: [...resnetConvs(), ...depthwiseConvs()].map(({ x, filter, y, attrs, ...rest }) => ({
    ...rest,
    inputs: [{ shape: x }, { shape: y }],
    attrs: { ...attrs, kernel: [filter[0], filter[1]] },
  })),
});
