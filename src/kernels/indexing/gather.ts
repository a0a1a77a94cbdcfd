import type { OpCases } from '../../autograd/cases.js';
import { defineOp, type Op, type TensorSpec } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import { launchThreads } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import { aroundAxis, formatShape, isFloat, normaliseAxis, type Shape, sameShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import gatherCode, { gatherGrad as gatherGradCode } from '../wgsl/gather.wgsl.js';
import { missingValue, missingWord } from './missing.js';

const gathers = /* @__PURE__ */ programs('gather', gatherCode);
const gradients = /* @__PURE__ */ programs('gatherGrad', gatherGradCode);

/** Attributes of `gather`: the axis that the index picks from. */
export interface GatherAttrs {
  readonly axis: number;
}

export interface GatherGradAttrs extends GatherAttrs {
  /** Extent of `axis` in the result, which has this axis in place of those of the index. */
  readonly extent: number;
}

/** `shape` with `axes` in place of its `count` axes from `axis` on. */
function withAxes(shape: Shape, axis: number, count: number, axes: Shape): Shape {
  return [...shape.slice(0, axis), ...axes, ...shape.slice(axis + count)];
}

function checkIndex(op: string, index: TensorSpec): void {
  if (isFloat(index)) {
    throw new ShapeError(`${op}: the index is ${index.dtype} ${formatShape(index.shape)}; wanted int32 or uint32`);
  }
}

/**
 * Slices chosen by number, `y[o, m, i] = x[o, index[m], i]`, where the axes `m` of the index, any number of them, take
 * the place of `axis`: rows of a table of embeddings by an index [N, T] are [N, T, D]. The dual of `gatherGrad`. An index
 * outside of the axis reads NaN (0 in an integer tensor). It is NumPy's `take`, except that a negative index is outside
 * and does not count from the end.
 *
 * @param x of any dtype. @param index int32 or uint32 of any shape.
 * @returns the shape of `x` with that of the index in the place of `axis`
 * @throws ShapeError if the index is a float or x has no such axis
 */
export const gather: Op<[x: Tensor, index: Tensor], GatherAttrs> = /* @__PURE__ */ defineOp({
  name: 'gather',
  arity: 2,
  attrs: { axis: 0 },
  anyDType: true,
  half: [0],
  shape([x, index], { axis }) {
    checkIndex('gather', index);
    const d = normaliseAxis('gather', axis, x.shape.length);
    return { shape: withAxes(x.shape, d, 1, index.shape), dtype: x.dtype };
  },
  reference([x, index], [y], { axis }) {
    const { outer, extent, inner } = aroundAxis('gather', x.shape, axis);
    const missing = missingValue(x.data);
    let at = 0;
    for (let o = 0; o < outer; o++) {
      for (const n of index.data) {
        const inside = n >= 0 && n < extent;
        for (let i = 0; i < inner; i++) y.data[at++] = inside ? x.data[(o * extent + n) * inner + i] : missing;
      }
    }
  },
  launches([x, index], [y], { axis }) {
    const { extent, inner } = aroundAxis('gather', x.shape, axis);
    const lanes = inner % 4 === 0 ? 4 : 1;
    return [
      launchThreads(y.size / lanes, gathers(lanes), [x, index], [y], [extent, inner / lanes, missingWord(x.dtype)]),
    ];
  },
  vjp(g, { inputs: [x, index], attrs: { axis } }) {
    const d = normaliseAxis('gather', axis, x.rank);
    return [() => gatherGrad(g, index, { axis: d, extent: x.shape[d] }), null];
  },
  keep: { inputs: [1] },
});

/**
 * @internal Adds slices up by number, `y[o, n, i] = sum over m with index[m] = n of g[o, m, i]`; the dual of `gather`.
 * Every element of `y` walks the whole index, in order: the work is `extent` times the size of `g`, and the sum does not
 * depend on the device's scheduling, as it would with atomics.
 */
export const gatherGrad: Op<[g: Tensor, index: Tensor], GatherGradAttrs> = /* @__PURE__ */ defineOp({
  name: 'gatherGrad',
  arity: 2,
  attrs: { axis: 0, extent: 1 },
  anyDType: true,
  half: [0],
  shape([g, index], { axis, extent }) {
    checkIndex('gatherGrad', index);
    const rank = index.shape.length;
    const d = normaliseAxis('gatherGrad', axis, g.shape.length - rank + 1);
    if (!isFloat(g) || !sameShape(g.shape.slice(d, d + rank), index.shape)) {
      throw new ShapeError(
        `gatherGrad: ${g.dtype} ${formatShape(g.shape)} does not have the axes ${formatShape(index.shape)} of the index ` +
          `from axis ${axis} on; wanted floats and these axes`,
      );
    }
    return { shape: withAxes(g.shape, d, rank, [extent]), dtype: g.dtype };
  },
  reference([g, index], [y], { axis }) {
    const { outer, extent, inner } = aroundAxis('gather', y.shape, axis);
    y.data.fill(0);
    let at = 0;
    for (let o = 0; o < outer; o++) {
      for (const n of index.data) {
        const inside = n >= 0 && n < extent;
        for (let i = 0; i < inner; i++, at++) if (inside) y.data[(o * extent + n) * inner + i] += g.data[at];
      }
    }
  },
  launches([g, index], [y], { axis }) {
    const { extent, inner } = aroundAxis('gather', y.shape, axis);
    const lanes = inner % 4 === 0 ? 4 : 1;
    return [launchThreads(y.size / lanes, gradients(lanes), [g, index], [y], [extent, inner / lanes])];
  },
  vjp: (g, { inputs: [, index], attrs: { axis } }) => [() => gather(g, index, { axis }), null],
  keep: { inputs: [1] },
});

export const gatherCases = (): OpCases => ({
  op: gather,
  samples: [
    { inputs: [{ shape: [5] }, { shape: [3], dtype: 'int32', values: [4, 0, 4] }] },
    { inputs: [{ shape: [3, 2] }, { shape: [5], dtype: 'int32', values: [2, 0, 1, 2, 2] }] },
    { inputs: [{ shape: [2, 3, 4] }, { shape: [2], dtype: 'int32', values: [1, 1] }], attrs: { axis: 1 } },
    { inputs: [{ shape: [2, 3] }, { shape: [2], values: [2, 0], dtype: 'uint32' }], attrs: { axis: -1 } },
    { inputs: [{ shape: [3, 2] }, { shape: [2, 3], dtype: 'int32', values: [2, 0, 1, 2, 2, 0] }] },
    {
      inputs: [{ shape: [2, 3, 4] }, { shape: [2, 1, 2], dtype: 'uint32', values: [1, 2, 0, 1] }],
      attrs: { axis: -2 },
    },
    { inputs: [{ shape: [2, 3] }, { shape: [], dtype: 'int32', values: [2] }], attrs: { axis: 1 } },
    {
      inputs: [
        { shape: [3], dtype: 'int32', values: [7, -8, 9] },
        { shape: [4], dtype: 'int32', values: [2, -1, 1, 3] },
      ],
    },
  ],
  errors: [
    { inputs: [{ shape: [2, 3] }, { shape: [2] }], message: /the index is float32 \[2\]/ },
    { inputs: [{ shape: [] }, { shape: [2], dtype: 'int32' }], message: /axis 0 is out of range for rank 0/ },
  ],
  bench: [
    {
      name: 'joints of another schema, 512x17x64',
      inputs: [
        { shape: [512, 17, 64] },
        { shape: [14], dtype: 'int32', values: [15, 13, 11, 12, 14, 16, 9, 7, 5, 6, 8, 10, 0, 1] },
      ],
      attrs: { axis: 1 },
      flop: 0,
      bytes: 3_670_016,
    },
  ],
});

export const gatherGradCases = (): OpCases => ({
  op: gatherGrad,
  samples: [
    { inputs: [{ shape: [3] }, { shape: [3], dtype: 'int32', values: [4, 0, 4] }], attrs: { extent: 5 } },
    {
      inputs: [{ shape: [2, 3, 2] }, { shape: [3], dtype: 'int32', values: [1, 3, 1] }],
      attrs: { axis: 1, extent: 4 },
    },
    {
      inputs: [{ shape: [2, 3, 4] }, { shape: [3], dtype: 'int32', values: [0, 1, 0] }],
      attrs: { axis: 1, extent: 2 },
    },
    {
      inputs: [{ shape: [2, 1, 3, 4] }, { shape: [1, 3], dtype: 'int32', values: [0, 1, 0] }],
      attrs: { axis: -2, extent: 2 },
    },
    { inputs: [{ shape: [2, 3] }, { shape: [], dtype: 'int32', values: [2] }], attrs: { axis: 1, extent: 4 } },
  ],
  errors: [
    {
      inputs: [{ shape: [2, 3] }, { shape: [3], dtype: 'int32' }],
      attrs: { extent: 4 },
      message: /does not have the axes \[3\] of the index from axis 0/,
    },
    {
      inputs: [
        { shape: [2], dtype: 'int32' },
        { shape: [2], dtype: 'int32' },
      ],
      message: /int32 \[2\] .* wanted floats/,
    },
  ],
  bench: [
    {
      name: 'joints of another schema, 512x14x64',
      inputs: [
        { shape: [512, 14, 64] },
        { shape: [14], dtype: 'int32', values: [15, 13, 11, 12, 14, 16, 9, 7, 5, 6, 8, 10, 0, 1] },
      ],
      attrs: { axis: 1, extent: 17 },
      flop: 458_752,
      bytes: 4_063_232,
    },
  ],
});
