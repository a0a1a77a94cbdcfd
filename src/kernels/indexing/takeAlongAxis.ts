import type { OpCases } from '../../autograd/cases.js';
import { defineOp, type Op, type TensorSpec } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import type { Bindable, Launch } from '../../tensor/backend.js';
import { launchThreads } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import { aroundAxis, formatShape, isFloat, normaliseAxis, type Shape, sameShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { expandDims, reshape } from '../layout/reshape.js';
import type { Collapsed } from '../reduction/stages.js';
import takeAlongAxisCode, { takeAlongAxisGrad as takeAlongAxisGradCode } from '../wgsl/takeAlongAxis.wgsl.js';
import { missingValue, missingWord } from './missing.js';

const takes = /* @__PURE__ */ programs('takeAlongAxis', takeAlongAxisCode);
const sums = /* @__PURE__ */ programs('takeAlongAxisGrad', takeAlongAxisGradCode);

/** Attributes of `takeAlongAxis`: the axis that the index picks from. */
export interface TakeAlongAxisAttrs {
  readonly axis: number;
}

export interface TakeAlongAxisGradAttrs extends TakeAlongAxisAttrs {
  /** Extent of the axis in the result. */
  readonly extent: number;
}

/** The launch of `y[o, m, i] = x[o, index[o, m, i], i]` for `count` values of m. */
export function takeLaunch(
  x: Bindable,
  index: Bindable,
  y: Tensor,
  { reduce, inner }: Pick<Collapsed, 'reduce' | 'inner'>,
  count = 1,
): Launch {
  return launchThreads(y.size, takes(), [x, index], [y], [reduce, inner, count, missingWord(y.dtype)]);
}

function withExtent(op: string, shape: Shape, axis: number, extent: number): Shape {
  return shape.with(normaliseAxis(op, axis, shape.length), extent);
}

function checkIndex(op: string, index: TensorSpec, x: Shape, axis: number): void {
  const d = normaliseAxis(op, axis, x.length);
  if (!isFloat(index) && index.shape.length === x.length && sameShape(index.shape.with(d, x[d]), x)) return;
  throw new ShapeError(
    `${op}: the index is ${index.dtype} ${formatShape(index.shape)}; wanted int32 or uint32 of the extents ` +
      `${formatShape(x)}, any along axis ${axis}`,
  );
}

/**
 * Elements chosen along an axis by an index of their own for each row, `y[o, m, i] = x[o, index[o, m, i], i]`: NumPy's
 * `take_along_axis` and PyTorch's `gather`. An index outside of the axis reads NaN (0 in an integer tensor).
 *
 * @param x of any dtype. @param index int32 or uint32, the shape of x with any extent along `axis`.
 * @returns like x, of the shape of the index
 * @throws ShapeError if the index is a float or of another shape: it is not broadcast, `broadcastTo` does that
 */
export const takeAlongAxis: Op<[x: Tensor, index: Tensor], TakeAlongAxisAttrs> = /* @__PURE__ */ defineOp({
  name: 'takeAlongAxis',
  arity: 2,
  attrs: { axis: -1 },
  anyDType: true,
  half: [0],
  shape([x, index], { axis }) {
    checkIndex('takeAlongAxis', index, x.shape, axis);
    return { shape: index.shape, dtype: x.dtype };
  },
  reference([x, index], [y], { axis }) {
    const { extent, inner } = aroundAxis('takeAlongAxis', x.shape, axis);
    const { extent: count } = aroundAxis('takeAlongAxis', index.shape, axis);
    const missing = missingValue(x.data);
    for (let t = 0; t < y.data.length; t++) {
      const [o, n] = [Math.floor(t / (count * inner)), index.data[t]];
      y.data[t] = n >= 0 && n < extent ? x.data[(o * extent + n) * inner + (t % inner)] : missing;
    }
  },
  launches([x, index], [y], { axis }) {
    const { extent: reduce, inner } = aroundAxis('takeAlongAxis', x.shape, axis);
    const { extent: count } = aroundAxis('takeAlongAxis', index.shape, axis);
    return [takeLaunch(x, index, y, { reduce, inner }, count)];
  },
  vjp(g, { inputs: [x, index], attrs: { axis } }) {
    const extent = x.shape[normaliseAxis('takeAlongAxis', axis, x.rank)];
    return [() => takeAlongAxisGrad(g, index, { axis, extent }), null];
  },
  keep: { inputs: [1] },
});

/**
 * @internal Adds elements up along an axis by number, `y[o, n, i] = sum over m with index[o, m, i] = n of g[o, m, i]`; the dual of
 * `takeAlongAxis`. Every element of `y` walks the index of its row, in order, so that the sum does not depend on the
 * device's scheduling.
 */
export const takeAlongAxisGrad: Op<[g: Tensor, index: Tensor], TakeAlongAxisGradAttrs> = /* @__PURE__ */ defineOp({
  name: 'takeAlongAxisGrad',
  arity: 2,
  attrs: { axis: -1, extent: 1 },
  anyDType: true,
  half: [0],
  shape([g, index], { axis, extent }) {
    if (!isFloat(g) || isFloat(index) || !sameShape(g.shape, index.shape)) {
      throw new ShapeError(
        `takeAlongAxisGrad: g is ${g.dtype} ${formatShape(g.shape)}, the index ${index.dtype} ` +
          `${formatShape(index.shape)}; wanted floats and integers of one shape`,
      );
    }
    return { shape: withExtent('takeAlongAxisGrad', g.shape, axis, extent), dtype: g.dtype };
  },
  reference([g, index], [y], { axis }) {
    const { extent, inner } = aroundAxis('takeAlongAxisGrad', y.shape, axis);
    const { extent: count } = aroundAxis('takeAlongAxisGrad', g.shape, axis);
    y.data.fill(0);
    for (let t = 0; t < g.data.length; t++) {
      const [o, n] = [Math.floor(t / (count * inner)), index.data[t]];
      if (n >= 0 && n < extent) y.data[(o * extent + n) * inner + (t % inner)] += g.data[t];
    }
  },
  launches([g, index], [y], { axis }) {
    const { extent, inner } = aroundAxis('takeAlongAxisGrad', y.shape, axis);
    const { extent: count } = aroundAxis('takeAlongAxisGrad', g.shape, axis);
    return [launchThreads(y.size, sums(), [g, index], [y], [extent, inner, count])];
  },
  vjp: (g, { inputs: [, index], attrs: { axis } }) => [() => takeAlongAxis(g, index, { axis }), null],
  keep: { inputs: [1] },
});

/**
 * @internal One element of x per place of the index, which has the shape of x without `axis`: `takeAlongAxis` for an index
 * such as `argMax` returns it.
 */
export function pick(x: Tensor, index: Tensor, { axis }: TakeAlongAxisAttrs): Tensor {
  return reshape(takeAlongAxis(x, expandDims(index, { axis }), { axis }), { shape: index.shape });
}

export const takeAlongAxisCases = (): OpCases => ({
  op: takeAlongAxis,
  samples: [
    { inputs: [{ shape: [2, 5] }, { shape: [2, 3], dtype: 'int32', values: [4, 0, 4, 1, 2, 3] }] },
    {
      inputs: [{ shape: [2, 3, 2] }, { shape: [2, 2, 2], dtype: 'uint32', values: [0, 2, 1, 1, 2, 0, 0, 0] }],
      attrs: { axis: 1 },
    },
    { inputs: [{ shape: [3] }, { shape: [7], dtype: 'int32', values: [0, 2, 1, 1, 2, 0, 0] }], attrs: { axis: 0 } },
    {
      inputs: [
        { shape: [2, 3], dtype: 'int32', values: [7, -8, 9, 1, 2, 3] },
        { shape: [2, 2], dtype: 'int32', values: [2, -1, 1, 3] },
      ],
    },
    {
      inputs: [{ shape: [4, 1] }, { shape: [4, 2], dtype: 'int32', values: [0, -1, 0, 1, 0, 0, 5, 0] }],
      order: 0,
    },
  ],
  errors: [
    {
      inputs: [{ shape: [2, 3] }, { shape: [2, 3] }],
      message: /the index is float32 \[2, 3\]; wanted int32 or uint32/,
    },
    {
      inputs: [{ shape: [2, 3] }, { shape: [1, 3], dtype: 'int32' }],
      message: /of the extents \[2, 3\], any along axis -1/,
    },
    { inputs: [{ shape: [2, 3] }, { shape: [2], dtype: 'int32' }], message: /the index is int32 \[2\]/ },
    { inputs: [{ shape: [2] }, { shape: [2], dtype: 'int32' }], attrs: { axis: 1 }, message: /axis 1 is out of range/ },
  ],
  bench: [],
});

export const takeAlongAxisGradCases = (): OpCases => ({
  op: takeAlongAxisGrad,
  samples: [
    {
      inputs: [{ shape: [2, 3] }, { shape: [2, 3], dtype: 'int32', values: [4, 0, 4, 1, 2, 3] }],
      attrs: { extent: 5 },
    },
    {
      inputs: [{ shape: [2, 2, 2] }, { shape: [2, 2, 2], dtype: 'uint32', values: [0, 2, 1, 1, 2, 0, 2, 0] }],
      attrs: { axis: 1, extent: 3 },
    },
    {
      inputs: [{ shape: [2, 2] }, { shape: [2, 2], dtype: 'int32', values: [2, -1, 1, 3] }],
      attrs: { extent: 3 },
      order: 0,
    },
  ],
  errors: [
    { inputs: [{ shape: [2, 3] }, { shape: [2, 3] }], message: /index float32 .* wanted floats and integers/ },
    {
      inputs: [{ shape: [2, 3] }, { shape: [3], dtype: 'int32' }],
      message: /g is float32 \[2, 3\], the index int32 \[3\]/,
    },
  ],
  bench: [],
});
