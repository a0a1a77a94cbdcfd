import type { OpCases } from '../../autograd/cases.js';
import { defineOp, type Op, type TensorSpec } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import type { Bindable, Launch } from '../../tensor/backend.js';
import { grid } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import { type DType, formatShape, isFloat, type Shape, sameShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { permuted } from '../layout/permute.js';
import { eachStrided, writeStrided } from '../layout/strided.js';
import {
  arrange,
  type Collapsed,
  collapse,
  collapsedView,
  REDUCE_DEFAULTS,
  type ReduceAttrs,
  reducedShape,
} from '../reduction/stages.js';
import pickCode, { place as placeCode } from '../wgsl/pick.wgsl.js';

const picks = /* @__PURE__ */ programs((op: string) => (op === 'pick' ? op : `${op} pick`), pickCode);
const places = /* @__PURE__ */ programs('place', placeCode);

export interface PlaceAttrs extends ReduceAttrs {
  /** Of the result. */
  readonly shape: Shape;
}

/** What reading past the end gives: NaN bits, or zero where the dtype has no NaN. */
export function missingWord(dtype: DType): number {
  return isFloat({ dtype }) ? 0x7fc00000 : 0;
}

export function missingValue(dtype: DType): number {
  return isFloat({ dtype }) ? Number.NaN : 0;
}

/** The launch of `y[o, m, i] = x[o, index[o, m, i], i]` for `count` values of m. */
export function pickLaunch(
  op: string,
  x: Bindable,
  index: Bindable,
  y: Tensor,
  { reduce, inner }: Pick<Collapsed, 'reduce' | 'inner'>,
  count = 1,
): Launch {
  return {
    program: picks(op),
    read: [x, index],
    write: [y],
    params: [reduce, inner, count, missingWord(y.dtype)],
    grid: grid(y.size),
  };
}

function checkIndex(op: string, index: TensorSpec, shape: Shape, attrs: ReduceAttrs): void {
  const wanted = reducedShape(op, shape, attrs);
  if (isFloat(index) || !sameShape(index.shape, wanted)) {
    throw new ShapeError(
      `${op}: the index is ${index.dtype} ${formatShape(index.shape)}; wanted int32 or uint32 ${formatShape(wanted)}, ` +
        `which is ${formatShape(shape)} without the axes`,
    );
  }
}

/**
 * @internal One element per row of the reduced axes, `y[o, i] = x[o, index[o, i], i]`, as `argMax` numbers them; the dual of `place`.
 * An index outside of the row reads NaN (0 in an integer tensor).
 */
export const pick: Op<[x: Tensor, index: Tensor], ReduceAttrs> = /* @__PURE__ */ defineOp({
  name: 'pick',
  arity: 2,
  attrs: REDUCE_DEFAULTS,
  anyDType: true,
  half: [0],
  shape([x, index], attrs) {
    checkIndex('pick', index, x.shape, attrs);
    return { shape: index.shape, dtype: x.dtype };
  },
  reference([x, index], [y], { axes }) {
    const { data, reduce, inner } = collapsedView('pick', x, axes);
    const missing = missingValue(x.data instanceof Float64Array ? 'float32' : 'int32');
    for (let t = 0; t < y.data.length; t++) {
      const [o, i, r] = [Math.floor(t / inner), t % inner, index.data[t]];
      y.data[t] = r >= 0 && r < reduce ? data[(o * reduce + r) * inner + i] : missing;
    }
  },
  launches([x, index], [y], { axes }, context) {
    const { data, launches, ...collapsed } = arrange('pick', x, axes, context);
    return [...launches, pickLaunch('pick', data, index, y, collapsed)];
  },
  vjp: (g, { inputs: [x, index], attrs }) => [() => place(g, index, { ...attrs, shape: x.shape }), null],
  keep: { inputs: [1] },
});

/** @internal Zeros but for one element per row, `y[o, index[o, i], i] = g[o, i]`; the dual of `pick`. */
export const place: Op<[g: Tensor, index: Tensor], PlaceAttrs> = /* @__PURE__ */ defineOp({
  name: 'place',
  arity: 2,
  attrs: { axes: undefined, keepDims: false, shape: [] },
  anyDType: true,
  half: [0],
  shape([g, index], attrs) {
    checkIndex('place', index, attrs.shape, attrs);
    if (!sameShape(g.shape, index.shape)) {
      throw new ShapeError(`place: ${formatShape(g.shape)} and its index ${formatShape(index.shape)} must agree`);
    }
    return { shape: attrs.shape, dtype: g.dtype };
  },
  reference([g, index], [y], { axes }) {
    const { order, reduce, inner } = collapse('place', y.shape, axes);
    const rows = y.data.slice().fill(0);
    index.data.forEach((r, t) => {
      const [o, i] = [Math.floor(t / inner), t % inner];
      if (r >= 0 && r < reduce) rows[(o * reduce + r) * inner + i] = g.data[t];
    });
    if (!order) y.data.set(rows);
    else {
      eachStrided(permuted(y.shape, order), (k, at) => {
        y.data[at] = rows[k];
      });
    }
  },
  launches([g, index], [y], { axes }, context) {
    const { order, reduce, inner } = collapse('place', y.shape, axes);
    const rows = order ? context.scratch(y.size, y.dtype) : y;
    const placing: Launch = {
      program: places(),
      read: [g, index],
      write: [rows],
      params: [reduce, inner],
      grid: grid(y.size),
    };
    return order ? [placing, writeStrided('place', rows, y, permuted(y.shape, order))] : [placing];
  },
  vjp: (g, { inputs: [, index], attrs: { axes, keepDims } }) => [() => pick(g, index, { axes, keepDims }), null],
  keep: { inputs: [1] },
});

export const pickCases = (): OpCases => ({
  op: pick,
  samples: [
    { inputs: [{ shape: [3, 5] }, { shape: [3], dtype: 'int32', values: [4, 0, 2] }], attrs: { axes: 1 } },
    {
      inputs: [{ shape: [2, 3, 2] }, { shape: [2, 1, 2], dtype: 'int32', values: [2, 0, 1, 1] }],
      attrs: { axes: 1, keepDims: true },
    },
    { inputs: [{ shape: [2, 3, 2] }, { shape: [3], dtype: 'int32', values: [3, 0, 2] }], attrs: { axes: [0, 2] } },
    { inputs: [{ shape: [7] }, { shape: [], dtype: 'int32', values: [5] }] },
  ],
  errors: [
    {
      inputs: [{ shape: [3, 5] }, { shape: [5], dtype: 'int32' }],
      attrs: { axes: 1 },
      message: /int32 \[5\]; wanted int32 or uint32 \[3\]/,
    },
    { inputs: [{ shape: [3, 5] }, { shape: [3] }], attrs: { axes: 1 }, message: /the index is float32 \[3\]/ },
  ],
  bench: [],
});

export const placeCases = (): OpCases => ({
  op: place,
  samples: [
    { inputs: [{ shape: [3] }, { shape: [3], dtype: 'int32', values: [4, 0, 2] }], attrs: { axes: 1, shape: [3, 5] } },
    {
      inputs: [{ shape: [2, 1, 2] }, { shape: [2, 1, 2], dtype: 'int32', values: [2, 0, 1, 1] }],
      attrs: { axes: 1, keepDims: true, shape: [2, 3, 2] },
    },
    {
      inputs: [{ shape: [3] }, { shape: [3], dtype: 'int32', values: [3, 0, 2] }],
      attrs: { axes: [0, 2], shape: [2, 3, 2] },
    },
  ],
  errors: [
    {
      inputs: [{ shape: [3] }, { shape: [3], dtype: 'int32' }],
      attrs: { axes: 0, shape: [3, 5] },
      message: /the index is int32 \[3\]; wanted int32 or uint32 \[5\]/,
    },
    {
      inputs: [{ shape: [1] }, { shape: [3], dtype: 'int32' }],
      attrs: { axes: 1, shape: [3, 5] },
      message: /\[1\] and its index \[3\] must agree/,
    },
  ],
  bench: [
    {
      name: 'gradient of peaks, 196608x17',
      inputs: [
        { shape: [17] },
        { shape: [17], dtype: 'int32', values: [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1, 2, 3, 4, 5, 6, 7] },
      ],
      attrs: { axes: 0, shape: [196608, 17] },
      flop: 0,
      bytes: 13_369_344,
    },
  ],
});
