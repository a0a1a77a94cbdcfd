import type { OpCases } from '../../autograd/cases.js';
import { defineOp, type Op } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import {
  broadcastShapes,
  broadcastStrides,
  type DType,
  formatShape,
  type Shape,
  sameShape,
  sizeOf,
  sumType,
  WGSL_TYPE,
} from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { matching } from '../elementwise/cast.js';
import { reshape } from '../layout/reshape.js';
import { readStrided, readView } from '../layout/strided.js';
import {
  collapsedView,
  REDUCE_DEFAULTS,
  type ReduceAttrs,
  type Reducer,
  reducedShape,
  reduceLaunches,
} from './stages.js';

/** Chunks are added apart and then merged, so that the rounding error grows with the loop length, not with the count. */
export function adder(label: string, dtype: DType, result: string): Reducer {
  const t = WGSL_TYPE[dtype];
  return {
    label: dtype === 'float32' ? label : `${label}.${t}`,
    stateWords: 1,
    element: t,
    state: t,
    result: t,
    functions: /* wgsl */ `
fn lift(x: ${t}, r: u32) -> ${t} { return x; }
fn merge(a: ${t}, b: ${t}) -> ${t} { return a + b; }
fn finish(s: ${t}, count: u32) -> ${t} { return ${result}; }`,
  };
}

/** `g` of a reduction's result, repeated to the shape of its operand. */
export function spread(g: Tensor, x: Tensor, attrs: ReduceAttrs): Tensor {
  return broadcastTo(reshape(g, { shape: reducedShape('spread', x.shape, { ...attrs, keepDims: true }) }), {
    shape: x.shape,
  });
}

/** Sum over axes, `y[o, i] = sum_r x[o, r, i]`, of any dtype, float32 of float16; the dual of `broadcastTo`. */
export const sum: Op<[x: Tensor], ReduceAttrs> = /* @__PURE__ */ defineOp({
  name: 'sum',
  arity: 1,
  attrs: REDUCE_DEFAULTS,
  anyDType: true,
  half: [0],
  shape: ([x], attrs) => ({ shape: reducedShape('sum', x.shape, attrs), dtype: sumType(x.dtype) }),
  reference([x], [y], { axes }) {
    const { data, outer, reduce, inner } = collapsedView('sum', x, axes);
    y.data.fill(0);
    for (let o = 0, at = 0; o < outer; o++) {
      for (let r = 0; r < reduce; r++) for (let i = 0; i < inner; i++) y.data[o * inner + i] += data[at++];
    }
  },
  launches: ([x], [y], { axes }, context) => reduceLaunches(adder('sum', sumType(x.dtype), 's'), x, y, axes, context),
  vjp: (g, { inputs: [x], attrs }) => [() => spread(matching(g, x), x, attrs)],
  keep: { inputs: [] },
});

/** Attributes of `broadcastTo`: the shape of the result. */
export interface BroadcastAttrs {
  readonly shape: Shape;
}

const repeated = (from: Shape, to: Shape) => ({ extents: to, strides: broadcastStrides(from, to), offset: 0 });

/** Repeats `x` along new leading axes and along its axes of extent 1, by NumPy's rule; the dual of `sum`. */
export const broadcastTo: Op<[x: Tensor], BroadcastAttrs> = /* @__PURE__ */ defineOp({
  name: 'broadcastTo',
  arity: 1,
  attrs: { shape: [] },
  anyDType: true,
  half: [0],
  shape([x], { shape }) {
    if (!sameShape(broadcastShapes('broadcastTo', x.shape, shape), shape)) {
      throw new ShapeError(
        `broadcastTo: ${formatShape(x.shape)} cannot shrink to ${formatShape(shape)}; use sum to add elements up`,
      );
    }
    return { shape, dtype: x.dtype };
  },
  reference: ([x], [y]) => readView(x, y, repeated(x.shape, y.shape)),
  launches: ([x], [y]) => [readStrided('broadcastTo', x, y, repeated(x.shape, y.shape))],
  vjp: (g, { inputs: [x], places }) => [() => gradientFor(x, g, places[0])],
  keep: { inputs: [] },
});

/**
 * Adds up what broadcasting from `shape` to the shape of `g` had repeated: the VJP of every broadcast. Sums are float32, and
 * made at `place` if one is given.
 */
export function sumTo(g: Tensor, shape: Shape, place?: Tensor): Tensor {
  if (sameShape(g.shape, shape)) return g;
  const lead = g.rank - shape.length;
  const axes = g.shape.flatMap((n, d) => (d < lead || (n > 1 && shape[d - lead] === 1) ? [d] : []));
  return reshape(axes.length > 0 ? sum.apply([g], { axes }, [place]) : g, { shape });
}

/** The gradient of an operand: sums what broadcasting repeated of it, at the operand's `place`. */
export function gradientFor(x: Tensor, g: Tensor, place?: Tensor): Tensor {
  return matching(sumTo(g, x.shape, place), x);
}

/** Cases of a reduction that adds. */
export function sumLike(op: Op<[x: Tensor], ReduceAttrs>, extra: Pick<OpCases, 'samples' | 'errors'>): OpCases {
  return {
    op,
    samples: [
      { inputs: [{ shape: [2, 3, 5] }] },
      { inputs: [{ shape: [] }] },
      { inputs: [{ shape: [3, 5] }], attrs: { axes: 0 } },
      { inputs: [{ shape: [3, 5] }], attrs: { axes: -1, keepDims: true } },
      { inputs: [{ shape: [2, 3, 1, 5] }], attrs: { axes: [1, 2] } },
      { inputs: [{ shape: [2, 3, 4, 2] }], attrs: { axes: [0, 2], keepDims: true } },
      { inputs: [{ shape: [3, 2, 8] }], attrs: { axes: [0, 1] } },
      { inputs: [{ shape: [3, 12] }], attrs: { axes: [1] } },
      { inputs: [{ shape: [2, 3] }], attrs: { axes: [] } },
      // Long enough for several stages on every device.
      { inputs: [{ shape: [4099] }], order: 1 },
      { inputs: [{ shape: [4104] }], order: 1 },
      { inputs: [{ shape: [1031, 3] }], attrs: { axes: 0 }, order: 1 },
      { inputs: [{ shape: [2, 517, 4] }], attrs: { axes: 1 }, order: 1 },
      ...extra.samples,
    ],
    errors: [
      { inputs: [{ shape: [2, 3] }], attrs: { axes: 2 }, message: /axis 2 is out of range for rank 2/ },
      { inputs: [{ shape: [2, 3] }], attrs: { axes: [1, -1] }, message: /an axis is named twice/ },
      ...extra.errors,
    ],
    bench: [
      { name: 'bias gradient, 32x56x56x64 to 64', shape: [32, 56, 56, 64], axes: [0, 1, 2] },
      { name: 'bias gradient, 64x512 to 512', shape: [64, 512], axes: 0 },
      { name: 'all of 32x56x56x64', shape: [32, 56, 56, 64], axes: undefined },
      { name: 'rows of 8192x512', shape: [8192, 512], axes: -1 },
    ].map(({ name, shape, axes }) => ({
      name,
      inputs: [{ shape }],
      attrs: { axes },
      flop: sizeOf(shape),
      bytes: 4 * sizeOf(shape),
    })),
  };
}

export const sumCases = (): OpCases =>
  sumLike(sum, {
    samples: [{ inputs: [{ shape: [3, 5], dtype: 'int32', lo: -9, hi: 9 }], attrs: { axes: 0 } }],
    errors: [],
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
