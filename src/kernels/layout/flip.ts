import type { OpCases } from '../../autograd/cases.js';
import { defineOp, type Op } from '../../autograd/op.js';
import { normaliseAxes, type Shape, stridesOf } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { readStrided, readView, type Strided } from './strided.js';

/** Attributes of `flip`: the axes that are reversed, all of them where left out. */
export interface FlipAttrs {
  /** Axes to reverse; default: all. */
  readonly axes: number | readonly number[] | undefined;
}

function reversed(shape: Shape, axes: FlipAttrs['axes']): Strided {
  const strides = stridesOf(shape);
  let offset = 0;
  for (const d of normaliseAxes('flip', axes, shape.length)) {
    offset += (shape[d] - 1) * strides[d];
    strides[d] *= -1;
  }
  return { extents: shape, strides, offset };
}

/** Reverses the order along axes, `y[i] = x[n - 1 - i]`. */
export const flip: Op<[x: Tensor], FlipAttrs> = /* @__PURE__ */ defineOp({
  name: 'flip',
  arity: 1,
  attrs: { axes: undefined },
  anyDType: true,
  half: [0],
  shape([x], { axes }) {
    normaliseAxes('flip', axes, x.shape.length);
    return { shape: x.shape, dtype: x.dtype };
  },
  reference: ([x], [y], { axes }) => readView(x, y, reversed(x.shape, axes)),
  launches: ([x], [y], { axes }) => [readStrided('flip', x, y, reversed(x.shape, axes))],
  vjp: (g, { attrs: { axes } }) => [() => flip(g, { axes })],
  keep: { inputs: [] },
});

export const flipCases = (): OpCases => ({
  op: flip,
  samples: [
    { inputs: [{ shape: [5] }] },
    { inputs: [{ shape: [3, 4] }], attrs: { axes: -1 } },
    { inputs: [{ shape: [2, 5, 3] }], attrs: { axes: [0, 2] } },
    { inputs: [{ shape: [2, 3, 1, 8] }], attrs: { axes: [1, 0] } },
    { inputs: [{ shape: [] }] },
  ],
  errors: [
    { inputs: [{ shape: [2, 3] }], attrs: { axes: 2 }, message: /flip: axis 2 is out of range for rank 2/ },
    { inputs: [{ shape: [2, 3] }], attrs: { axes: [0, -2] }, message: /flip: an axis is named twice/ },
  ],
  bench: [
    {
      name: 'mirrored images, 32x224x224x3',
      inputs: [{ shape: [32, 224, 224, 3] }],
      attrs: { axes: 2 },
      flop: 0,
      bytes: 38_535_168,
    },
  ],
});
