import type { OpCases } from '../autograd/cases.js';
import { defineOp, type Op } from '../autograd/op.js';
import { ShapeError } from '../errors.js';
import { formatShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { conv2dInput } from './conv2dInput.js';
import { conv2dLaunches } from './conv2dLaunches.js';
import { conv2dWeight } from './conv2dWeight.js';
import { CONV_DEFAULTS, type ConvAttrs, eachTap, forwardGeometry, outputShape } from './convGeometry.js';
import { biasEpilogue } from './epilogue.js';
import { sum } from './reduce.js';
import { depthwiseConvs, resnetConvs } from './resnetConvs.js';

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
      const geometry = forwardGeometry('conv2d', { ...x, dtype: 'float32' }, { ...filter, dtype: 'float32' }, attrs);
      const { inC, outC, groups } = geometry;
      const [groupC, groupK] = [inC / groups, outC / groups];
      for (let i = 0; i < y.data.length; i++) y.data[i] = bias ? bias.data[i % outC] : 0;
      const [xs, fs, ys] = [x.data, filter.data, y.data];
      eachTap(geometry, (out, tap, pixel) => {
        for (let c = 0; c < inC; c++) {
          const value = xs[pixel * inC + c];
          const k0 = Math.floor(c / groupC) * groupK;
          const from = (tap * groupC + (c % groupC)) * outC;
          for (let k = k0; k < k0 + groupK; k++) ys[out * outC + k] += value * fs[from + k];
        }
      });
    },
    launches: ([x, filter, bias], [y], attrs, context) =>
      conv2dLaunches(forwardGeometry('conv2d', x, filter, attrs), x, filter, y, context, biasEpilogue(bias)),
    vjp(g, { inputs: [x, filter, bias], attrs }) {
      const inputSize: [number, number] = [x.shape[1], x.shape[2]];
      const kernel: [number, number] = [filter.shape[0], filter.shape[1]];
      return [
        () => conv2dInput(g, filter, { ...attrs, inputSize }),
        () => conv2dWeight(x, g, { ...attrs, kernel }),
        bias ? () => sum(g, { axes: [0, 1, 2] }) : null,
      ];
    },
    keep: { inputs: [0, 1] },
  });

export const conv2dCases = (): OpCases => ({
  op: conv2d,
  samples: [
    { inputs: [{ shape: [2, 5, 4, 3] }, { shape: [3, 2, 3, 5] }, { shape: [5] }], attrs: { padding: 1 } },
    { inputs: [{ shape: [1, 7, 6, 8] }, { shape: [3, 3, 8, 12] }], attrs: { stride: 2, padding: 1 } },
    { inputs: [{ shape: [3, 4, 5, 4] }, { shape: [1, 1, 4, 36] }, { shape: [36] }] },
    { inputs: [{ shape: [1, 9, 8, 3] }, { shape: [7, 7, 3, 4] }], attrs: { stride: 2, padding: 3 } },
    { inputs: [{ shape: [2, 6, 7, 4] }, { shape: [3, 3, 4, 6] }], attrs: { dilation: 2, padding: [2, 1] } },
    { inputs: [{ shape: [2, 5, 6, 8] }, { shape: [3, 3, 4, 12] }], attrs: { groups: 2, padding: 1, stride: [1, 2] } },
    { inputs: [{ shape: [2, 5, 4, 6] }, { shape: [3, 3, 1, 6] }, { shape: [6] }], attrs: { groups: 6, padding: 1 } },
    { inputs: [{ shape: [1, 5, 4, 3] }, { shape: [3, 3, 1, 6] }], attrs: { groups: 3, stride: 2, padding: 1 } },
    { inputs: [{ shape: [1, 4, 4, 20] }, { shape: [1, 1, 20, 9] }], attrs: { stride: 2 } },
    { inputs: [{ shape: [2, 5, 7, 8] }, { shape: [3, 3, 1, 8] }], attrs: { groups: 8, stride: 2, padding: 1 } },
    {
      inputs: [{ shape: [1, 6, 9, 4] }, { shape: [3, 2, 1, 4] }, { shape: [4] }],
      attrs: { groups: 4, stride: [1, 3], dilation: [1, 2], padding: [2, 1] },
    },
  ],
  errors: [
    {
      inputs: [{ shape: [8, 6, 4, 3] }, { shape: [3, 3, 64, 64] }],
      message: /conv2d: input has 3 channels.*filter expects 64/,
    },
    { inputs: [{ shape: [6, 4, 3] }, { shape: [3, 3, 3, 4] }], message: /conv2d: input .* rank 4/ },
    { inputs: [{ shape: [1, 2, 2, 3] }, { shape: [3, 3, 3, 4] }], message: /larger than the 2x2 input/ },
    { inputs: [{ shape: [1, 4, 4, 4] }, { shape: [3, 3, 2, 5] }], attrs: { groups: 2 }, message: /5 output channels/ },
    { inputs: [{ shape: [1, 4, 4, 3] }, { shape: [3, 3, 3, 5] }, { shape: [4] }], message: /bias must be \[5\]/ },
    { inputs: [{ shape: [1, 4, 4, 3] }, { shape: [3, 3, 3, 5] }], attrs: { stride: 0 }, message: /stride/ },
  ],
  bench: [...resnetConvs(), ...depthwiseConvs()].map(({ x, filter, ...rest }) => ({
    ...rest,
    inputs: [{ shape: x }, { shape: filter }],
  })),
});
