import type { OpCases } from '../../autograd/cases.js';
import { defineOp, type Op } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import { formatShape, normaliseAxis, type Shape, stridesOf } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { readStrided, readView, type Strided } from './strided.js';

/** Attributes of `permute`: axis d of the result is axis `order[d]` of x. */
export interface PermuteAttrs {
  /** Axis `d` of the result is axis `order[d]` of `x`; empty reverses all axes. */
  readonly order: readonly number[];
}

function normaliseOrder(rank: number, order: readonly number[]): number[] {
  if (order.length === 0) return Array.from({ length: rank }, (_, d) => rank - 1 - d);
  const axes = order.map((axis) => normaliseAxis('permute', axis, rank));
  if (axes.length !== rank || new Set(axes).size !== rank) {
    throw new ShapeError(`permute: order ${formatShape(order)} must name each of the ${rank} axes once`);
  }
  return axes;
}

/** The permuted array as a map over the memory of `x`. */
export function permuted(shape: Shape, order: readonly number[]): Strided {
  const strides = stridesOf(shape);
  return { extents: order.map((d) => shape[d]), strides: order.map((d) => strides[d]), offset: 0 };
}

/** Reorders axes, `y[i_order[0], i_order[1], ...] = x[i_0, i_1, ...]`; without an order it transposes. */
export const permute: Op<[x: Tensor], PermuteAttrs> = /* @__PURE__ */ defineOp({
  name: 'permute',
  arity: 1,
  attrs: { order: [] },
  anyDType: true,
  half: [0],
  shape: ([x], { order }) => ({ shape: normaliseOrder(x.shape.length, order).map((d) => x.shape[d]), dtype: x.dtype }),
  reference: ([x], [y], { order }) => readView(x, y, permuted(x.shape, normaliseOrder(x.shape.length, order))),
  launches: ([x], [y], { order }) => [readStrided('permute', x, y, permuted(x.shape, normaliseOrder(x.rank, order)))],
  vjp: (g, { inputs: [x], attrs: { order } }) => [
    () => {
      const inverse: number[] = [];
      normaliseOrder(x.rank, order).forEach((axis, d) => {
        inverse[axis] = d;
      });
      return permute(g, { order: inverse });
    },
  ],
  keep: { inputs: [] },
});

export const permuteCases = (): OpCases => ({
  op: permute,
  samples: [
    { inputs: [{ shape: [3, 5] }] },
    { inputs: [{ shape: [2, 3, 5] }], attrs: { order: [2, 0, 1] } },
    { inputs: [{ shape: [2, 3, 1, 4, 2] }], attrs: { order: [0, 3, 2, -1, 1] } },
    { inputs: [{ shape: [3, 2, 8] }], attrs: { order: [1, 0, 2] } },
    { inputs: [{ shape: [4, 7] }], attrs: { order: [1, 0] } },
    { inputs: [{ shape: [] }] },
    { inputs: [{ shape: [3, 2], dtype: 'int32', lo: -9, hi: 9 }] },
  ],
  errors: [
    { inputs: [{ shape: [2, 3] }], attrs: { order: [0, 0] }, message: /must name each of the 2 axes once/ },
    { inputs: [{ shape: [2, 3] }], attrs: { order: [1] }, message: /must name each of the 2 axes once/ },
    { inputs: [{ shape: [2, 3] }], attrs: { order: [0, 2] }, message: /axis 2 is out of range for rank 2/ },
  ],
  bench: [
    {
      name: 'NHWC to NCHW, 32x56x56x64',
      inputs: [{ shape: [32, 56, 56, 64] }],
      attrs: { order: [0, 3, 1, 2] },
      flop: 0,
      bytes: 51_380_224,
    },
  ],
});
