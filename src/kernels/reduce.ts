import type { OpCases } from '../autograd/cases.js';
import { defineOp, type Op } from '../autograd/op.js';
import { type DType, type Shape, sameShape, sizeOf, sumType, WGSL_TYPE } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { mul } from './binary.js';
import { broadcastTo } from './broadcastTo.js';
import { matching } from './cast.js';
import {
  collapsedView,
  REDUCE_DEFAULTS,
  type ReduceAttrs,
  type Reducer,
  reducedShape,
  reduceLaunches,
} from './reduction.js';
import { reshape } from './reshape.js';

/** Chunks are added apart and then merged, so that the rounding error grows with the loop length, not with the count. */
function adder(label: string, dtype: DType, result: string): Reducer {
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

/** Mean over axes, `y[o, i] = (1 / R) sum_r x[o, r, i]`, float32 also of float16. */
export const mean: Op<[x: Tensor], ReduceAttrs> = /* @__PURE__ */ defineOp({
  name: 'mean',
  attrs: REDUCE_DEFAULTS,
  half: [0],
  shape: ([x], attrs) => ({ shape: reducedShape('mean', x.shape, attrs), dtype: 'float32' }),
  reference([x], [y], { axes }) {
    sum.def.reference([x], [y], { axes, keepDims: false });
    const count = x.data.length / y.data.length;
    for (let i = 0; i < y.data.length; i++) y.data[i] /= count;
  },
  launches: ([x], [y], { axes }, context) =>
    reduceLaunches(adder('mean', 'float32', 's / f32(count)'), x, y, axes, context),
  vjp: (g, { inputs: [x], attrs }) => [() => spread(matching(mul(g, g.size / x.size), x), x, attrs)],
  keep: { inputs: [] },
});

/** Adds up what broadcasting from `shape` to the shape of `g` had repeated: the VJP of every broadcast. Sums are float32. */
export function sumTo(g: Tensor, shape: Shape): Tensor {
  if (sameShape(g.shape, shape)) return g;
  const lead = g.rank - shape.length;
  const axes = g.shape.flatMap((n, d) => (d < lead || (n > 1 && shape[d - lead] === 1) ? [d] : []));
  return reshape(axes.length > 0 ? sum(g, { axes }) : g, { shape });
}

function casesOf(op: Op<[x: Tensor], ReduceAttrs>, extra: Pick<OpCases, 'samples' | 'errors'>): OpCases {
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
  casesOf(sum, {
    samples: [{ inputs: [{ shape: [3, 5], dtype: 'int32', lo: -9, hi: 9 }], attrs: { axes: 0 } }],
    errors: [],
  });

export const meanCases = (): OpCases =>
  casesOf(mean, {
    samples: [],
    errors: [{ inputs: [{ shape: [2], dtype: 'int32' }], message: /mean: operand 0 is int32/ }],
  });
