import type { OpCases } from '../autograd/cases.js';
import { defineOp, type Op } from '../autograd/op.js';
import { ShapeError } from '../errors.js';
import { broadcastShapes, broadcastStrides, formatShape, type Shape, sameShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { gradientFor } from './elementwise.js';
import { gatherStrided, gatherView } from './strided.js';

export interface BroadcastAttrs {
  readonly shape: Shape;
}

const repeated = (from: Shape, to: Shape) => ({ extents: to, strides: broadcastStrides(from, to), offset: 0 });

/** Repeats `x` along new leading axes and along its axes of extent 1, by NumPy's rule; the dual of `sum`. */
export const broadcastTo: Op<[x: Tensor], BroadcastAttrs> = /* @__PURE__ */ defineOp({
  name: 'broadcastTo',
  attrs: { shape: [] },
  anyDType: true,
  half: [0],
  shape([x], { shape }) {
    if (!sameShape(broadcastShapes('broadcastTo', x.shape, shape), shape)) {
      throw new ShapeError(
        `broadcastTo: ${formatShape(x.shape)} cannot shrink to ${formatShape(shape)}; to add up repeats use sum`,
      );
    }
    return { shape, dtype: x.dtype };
  },
  reference: ([x], [y]) => gatherView(x, y, repeated(x.shape, y.shape)),
  launches: ([x], [y]) => [gatherStrided('broadcastTo', x, y, repeated(x.shape, y.shape))],
  vjp: (g, { inputs: [x] }) => [() => gradientFor(x, g)],
  keep: { inputs: [] },
});

export const broadcastToCases = (): OpCases => ({
  op: broadcastTo,
  samples: [
    { inputs: [{ shape: [3, 1] }], attrs: { shape: [3, 5] } },
    { inputs: [{ shape: [5] }], attrs: { shape: [2, 3, 5] } },
    { inputs: [{ shape: [1, 3, 1, 2] }], attrs: { shape: [2, 4, 3, 5, 2] } },
    { inputs: [{ shape: [3, 1, 8] }], attrs: { shape: [3, 2, 8] } },
    { inputs: [{ shape: [] }], attrs: { shape: [3, 4] } },
    { inputs: [{ shape: [2, 3] }], attrs: { shape: [2, 3] } },
  ],
  errors: [
    { inputs: [{ shape: [2, 3] }], attrs: { shape: [2, 4] }, message: /\[2, 3\] and \[2, 4\] do not broadcast/ },
    { inputs: [{ shape: [2, 3] }], attrs: { shape: [1, 3] }, message: /cannot shrink to \[1, 3\]/ },
    { inputs: [{ shape: [2, 3] }], attrs: { shape: [3] }, message: /cannot shrink to \[3\]/ },
  ],
  bench: [
    {
      name: 'channels over 32x56x56x64',
      inputs: [{ shape: [64] }],
      attrs: { shape: [32, 56, 56, 64] },
      flop: 0,
      bytes: 25_690_112,
    },
  ],
});
