import type { OpCases } from '../../autograd/cases.js';
import { defineOp, type Op } from '../../autograd/op.js';
import type { View } from '../../tensor/backend.js';
import { type DType, sumType } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { takeAlongAxisGrad, takeLaunch } from '../indexing/takeAlongAxis.js';
import { permute } from '../layout/permute.js';
import { reshape } from '../layout/reshape.js';
import {
  arrange,
  collapse,
  collapsedView,
  REDUCE_DEFAULTS,
  type ReduceAttrs,
  type Reducer,
  reducedShape,
  reduceLaunches,
  stages,
} from './stages.js';

type Direction = 'max' | 'min';

/**
 * Maps the bits of an element to a uint32 of the same order, NaN above all. So a NaN wins the comparison, although WGSL
 * may compare floats as if there were none.
 */
const ASCENDING: Partial<Record<DType, string>> = {
  float32: 'select(select(x | 0x80000000u, ~x, x > 0x80000000u), 0x80000000u, x == 0x80000000u)',
  int32: 'x ^ 0x80000000u',
  uint32: 'x',
};

/** Finds the first place of the largest key; states are (key, place). */
function firstExtremum(direction: Direction, { dtype: given }: Tensor): Reducer {
  const dtype = sumType(given); // the words of float16 are those of float32
  const key = direction === 'max' ? ASCENDING[dtype] : `~(${ASCENDING[dtype]})`;
  const nan = dtype === 'float32' ? '(x & 0x7fffffffu) > 0x7f800000u' : 'false';
  return {
    label: `${direction === 'max' ? 'argMax' : 'argMin'}.${dtype}`,
    stateWords: 2,
    element: 'u32',
    state: 'vec2u',
    result: 'u32',
    functions: /* wgsl */ `
fn lift(x: u32, r: u32) -> vec2u { return vec2u(select(${key}, 0xffffffffu, ${nan}), r); }
fn merge(a: vec2u, b: vec2u) -> vec2u { return select(a, b, b.x > a.x || (b.x == a.x && b.y < a.y)); }
fn finish(s: vec2u, count: u32) -> u32 { return s.y; }`,
  };
}

/** The reference: writes the first place of the extremum, or of a NaN, of each row, and the element there. */
function findExtrema(
  direction: Direction,
  op: string,
  x: View,
  axes: ReduceAttrs['axes'],
  index: View,
  y?: View,
): void {
  const { data, reduce, inner } = collapsedView(op, x, axes);
  const sign = direction === 'max' ? 1 : -1;
  for (let t = 0; t < index.data.length; t++) {
    const start = Math.floor(t / inner) * reduce * inner + (t % inner);
    let best = 0;
    for (let r = 1; r < reduce; r++) {
      const [v, b] = [data[start + r * inner], data[start + best * inner]];
      if (sign * v > sign * b || (Number.isNaN(v) && !Number.isNaN(b))) best = r;
    }
    index.data[t] = best;
    if (y) y.data[t] = data[start + best * inner];
  }
}

function extremum(name: Direction): Op<[x: Tensor], ReduceAttrs> {
  return defineOp({
    name,
    arity: 1,
    attrs: REDUCE_DEFAULTS,
    anyDType: true,
    half: [0],
    shape([x], attrs) {
      const shape = reducedShape(name, x.shape, attrs);
      return [
        { shape, dtype: x.dtype },
        { shape, dtype: 'int32' },
      ];
    },
    reference: ([x], [y, index], { axes }) => findExtrema(name, name, x, axes, index, y),
    launches([x], [y, index], { axes }, context) {
      const { data, launches, ...collapsed } = arrange(name, x, axes, context);
      return [
        ...launches,
        ...stages(firstExtremum(name, x), data, index, collapsed, context),
        takeLaunch(data, index, y, collapsed),
      ];
    },
    vjp: (g, { inputs: [x], outputs: [, index], attrs }) => [() => gradientAt(index, g, x, attrs)],
    keep: { inputs: [], outputs: [1] },
  });
}

/** The gradient of each extremum goes to where it was found, and 0 elsewhere. */
function gradientAt(index: Tensor, g: Tensor, { shape }: Tensor, { axes }: ReduceAttrs): Tensor {
  const { outer, reduce, inner, order } = collapse('extremum', shape, axes);
  const [of, at] = [g, index].map((t) => reshape(t, { shape: [outer, 1, inner] }));
  const rows = takeAlongAxisGrad(of, at, { axis: 1, extent: reduce });
  if (!order) return reshape(rows, { shape });
  const inverse = order.map((_, d) => order.indexOf(d));
  return permute(reshape(rows, { shape: order.map((d) => shape[d]) }), { order: inverse });
}

/** Largest element over axes, `y[o, i] = max_r x[o, r, i]`; the gradient goes to the first that attains it. NaN wins. */
export const max: Op<[x: Tensor], ReduceAttrs> = /* @__PURE__ */ extremum('max');

/** Smallest element over axes, `y[o, i] = min_r x[o, r, i]`; the gradient goes to the first that attains it. NaN wins. */
export const min: Op<[x: Tensor], ReduceAttrs> = /* @__PURE__ */ extremum('min');

/** Attributes of `argMax`. */
export interface ArgMaxAttrs {
  readonly axis: number;
  readonly keepDims: boolean;
}

/** The first index of the largest element along an axis, int32; of a NaN if there is one. */
export const argMax: Op<[x: Tensor], ArgMaxAttrs> = /* @__PURE__ */ defineOp({
  name: 'argMax',
  arity: 1,
  attrs: { axis: -1, keepDims: false },
  anyDType: true,
  half: [0],
  shape: ([x], { axis, keepDims }) => ({
    shape: reducedShape('argMax', x.shape, { axes: axis, keepDims }),
    dtype: 'int32',
  }),
  reference: ([x], [y], { axis }) => findExtrema('max', 'argMax', x, axis, y),
  launches: ([x], [y], { axis }, context) => reduceLaunches(firstExtremum('max', x), x, y, axis, context),
  vjp: null,
});

function casesOf(op: Op<[x: Tensor], ReduceAttrs>): OpCases {
  const distinct = true;
  return {
    op,
    samples: [
      { inputs: [{ shape: [2, 3, 5], distinct }] },
      { inputs: [{ shape: [3, 5], distinct }], attrs: { axes: -1, keepDims: true } },
      { inputs: [{ shape: [2, 5, 4], distinct }], attrs: { axes: 1 } },
      { inputs: [{ shape: [2, 3, 2, 4], distinct }], attrs: { axes: [0, 2] } },
      { inputs: [{ shape: [3, 12], distinct }], attrs: { axes: 1 } },
      { inputs: [{ shape: [1031, 3], distinct }], attrs: { axes: 0 }, order: 1 },
      { inputs: [{ shape: [] }] },
      { inputs: [{ shape: [2, 4], dtype: 'int32', values: [-3, 2, -8, 2, 0, -1, -1, -2] }], attrs: { axes: 1 } },
      { inputs: [{ shape: [4], dtype: 'uint32', values: [7, 4294967295, 0, 9] }] },
    ],
    errors: [{ inputs: [{ shape: [2, 3] }], attrs: { axes: 2 }, message: /axis 2 is out of range for rank 2/ }],
    bench: [
      {
        name: 'peaks of heat maps, 128x3072x17',
        inputs: [{ shape: [128, 3072, 17] }],
        attrs: { axes: 1 },
        flop: 6_684_672,
        bytes: 26_738_688,
      },
    ],
  };
}

export const maxCases = (): OpCases => casesOf(max);
export const minCases = (): OpCases => casesOf(min);

export const argMaxCases = (): OpCases => ({
  op: argMax,
  samples: [
    { inputs: [{ shape: [3, 5], distinct: true }] },
    { inputs: [{ shape: [2, 5, 4], distinct: true }], attrs: { axis: 1, keepDims: true } },
    { inputs: [{ shape: [4099], distinct: true }] },
    { inputs: [{ shape: [2, 4], values: [-1, 3, 2, 3, 0, -0, 0, -2] }] },
    { inputs: [{ shape: [4], dtype: 'int32', values: [-5, -2, -9, -2] }] },
  ],
  errors: [
    { inputs: [{ shape: [2, 3] }], attrs: { axis: 2 }, message: /argMax.*axis 2 is out of range for rank 2/ },
    { inputs: [{ shape: [] }], message: /argMax: axis -1 is out of range for rank 0/ },
  ],
  bench: [
    {
      name: 'peaks of heat maps, 128x3072x17',
      inputs: [{ shape: [128, 3072, 17] }],
      attrs: { axis: 1 },
      flop: 6_684_672,
      bytes: 26_738_688,
    },
  ],
});
