import type { OpCases } from '../../autograd/cases.js';
import { defineOp, type Op } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import { formatShape, type Shape, stridesOf } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { fillLaunch, wordOf } from '../creation/full.js';
import { eachStrided, readStrided, readView, type Strided, writeStrided } from './strided.js';

/** One number per axis from the left; axes beyond are taken whole. */
export interface SliceAttrs {
  /** First index; negative ones count from the end. */
  readonly begin: readonly number[];
  /** Index behind the last; negative ones count from the end. */
  readonly end: readonly number[];
  /** Distance of the indices, at least 1. */
  readonly step: readonly number[];
}

interface Range {
  readonly begin: number;
  readonly step: number;
  readonly extent: number;
}

function ranges(shape: Shape, { begin, end, step }: SliceAttrs): Range[] {
  const named = Math.max(begin.length, end.length, step.length);
  if (named > shape.length) {
    throw new ShapeError(`slice: ${named} ranges for ${formatShape(shape)}, which has ${shape.length} axes`);
  }
  return shape.map((n, d) => {
    const fromStart = (i: number) => (i < 0 ? i + n : i);
    const b = fromStart(begin[d] ?? 0);
    const e = fromStart(end[d] ?? n);
    const s = step[d] ?? 1;
    if (![b, e, s].every(Number.isInteger) || s < 1 || b < 0 || e > n || b >= e) {
      throw new ShapeError(
        `slice: axis ${d} of ${formatShape(shape)} has no range [${begin[d] ?? 0}, ${end[d] ?? n}) with step ${s}; ` +
          `wanted 0 <= begin < end <= ${n} and an integer step >= 1`,
      );
    }
    return { begin: b, step: s, extent: Math.ceil((e - b) / s) };
  });
}

/** The selected elements as a map over an array of `shape`. */
function selected(shape: Shape, attrs: SliceAttrs): Strided {
  const strides = stridesOf(shape);
  const axes = ranges(shape, attrs);
  return {
    extents: axes.map(({ extent }) => extent),
    strides: axes.map(({ step }, d) => step * strides[d]),
    offset: axes.reduce((at, { begin }, d) => at + begin * strides[d], 0),
  };
}

/** A box of elements, `y[i, ...] = x[begin_0 + i step_0, ...]`; the dual of `pad`. */
export const slice: Op<[x: Tensor], SliceAttrs> = /* @__PURE__ */ defineOp({
  name: 'slice',
  arity: 1,
  attrs: { begin: [], end: [], step: [] },
  anyDType: true,
  half: [0],
  shape: ([x], attrs) => ({ shape: ranges(x.shape, attrs).map(({ extent }) => extent), dtype: x.dtype }),
  reference: ([x], [y], attrs) => readView(x, y, selected(x.shape, attrs)),
  launches: ([x], [y], attrs) => [readStrided('slice', x, y, selected(x.shape, attrs))],
  vjp: (g, { inputs: [x], attrs }) => [
    () => {
      const axes = ranges(x.shape, attrs);
      return pad(g, {
        before: axes.map(({ begin }) => begin),
        after: axes.map(({ begin, step, extent }, d) => x.shape[d] - 1 - begin - (extent - 1) * step),
        interior: axes.map(({ step }) => step - 1),
      });
    },
  ],
  keep: { inputs: [] },
});

/** One number per axis from the left; axes beyond are not padded. */
export interface PadAttrs {
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** How many constants go between neighbours. */
  readonly interior: readonly number[];
  readonly value: number;
}

function paddedShape(shape: Shape, { before, after, interior }: PadAttrs): Shape {
  const named = Math.max(before.length, after.length, interior.length);
  if (named > shape.length) {
    throw new ShapeError(`pad: ${named} paddings for ${formatShape(shape)}, which has ${shape.length} axes`);
  }
  return shape.map((n, d) => {
    const counts = [before[d] ?? 0, after[d] ?? 0, interior[d] ?? 0];
    if (!counts.every((c) => Number.isInteger(c) && c >= 0)) {
      throw new ShapeError(
        `pad: axis ${d} has paddings before, after, interior = ${counts.join(', ')}; wanted integers >= 0; slice removes elements`,
      );
    }
    return counts[0] + (n - 1) * (1 + counts[2]) + 1 + counts[1];
  });
}

/** Where the elements of `x` lie in the padded array. */
function inner(x: Shape, y: Shape, { before, interior }: PadAttrs): Strided {
  const strides = stridesOf(y);
  return {
    extents: x,
    strides: strides.map((s, d) => s * (1 + (interior[d] ?? 0))),
    offset: strides.reduce((at, s, d) => at + s * (before[d] ?? 0), 0),
  };
}

/**
 * Surrounds and interleaves `x` with a constant, `y[before + i (interior + 1)] = x[i]` along every axis, `value` elsewhere;
 * the dual of `slice`.
 */
export const pad: Op<[x: Tensor], PadAttrs> = /* @__PURE__ */ defineOp({
  name: 'pad',
  arity: 1,
  attrs: { before: [], after: [], interior: [], value: 0 },
  anyDType: true,
  half: [0],
  shape: ([x], attrs) => ({ shape: paddedShape(x.shape, attrs), dtype: x.dtype }),
  reference([x], [y], attrs) {
    y.data.fill(attrs.value);
    eachStrided(inner(x.shape, y.shape, attrs), (k, at) => {
      y.data[at] = x.data[k];
    });
  },
  launches: ([x], [y], attrs) => [
    fillLaunch(y, y.size, wordOf(attrs.value, y.dtype)),
    writeStrided('pad', x, y, inner(x.shape, y.shape, attrs)),
  ],
  vjp: (g, { inputs: [x], attrs: { before, interior } }) => [
    () =>
      slice(g, {
        begin: x.shape.map((_, d) => before[d] ?? 0),
        end: x.shape.map((n, d) => (before[d] ?? 0) + (n - 1) * (1 + (interior[d] ?? 0)) + 1),
        step: x.shape.map((_, d) => 1 + (interior[d] ?? 0)),
      }),
  ],
  keep: { inputs: [] },
});

export const sliceCases = (): OpCases => ({
  op: slice,
  samples: [
    { inputs: [{ shape: [5, 4] }], attrs: { begin: [1], end: [4] } },
    { inputs: [{ shape: [2, 7, 3] }], attrs: { begin: [0, 1, -2], end: [2, -1], step: [1, 3, 2] } },
    { inputs: [{ shape: [3, 5, 8] }], attrs: { begin: [1, 2, 4], end: [3, 4, 8] } },
    { inputs: [{ shape: [2, 3, 1, 2, 4] }], attrs: { begin: [1], step: [1, 2] } },
    { inputs: [{ shape: [] }] },
    { inputs: [{ shape: [6], dtype: 'uint32', lo: 0, hi: 9 }], attrs: { step: [4] } },
  ],
  errors: [
    { inputs: [{ shape: [2, 3] }], attrs: { begin: [0, 3] }, message: /axis 1 of \[2, 3\] has no range \[3, 3\)/ },
    { inputs: [{ shape: [2, 3] }], attrs: { end: [4] }, message: /has no range \[0, 4\)/ },
    { inputs: [{ shape: [2, 3] }], attrs: { step: [0] }, message: /with step 0/ },
    { inputs: [{ shape: [2] }], attrs: { begin: [0, 0] }, message: /2 ranges for \[2\], which has 1 axes/ },
  ],
  bench: [
    {
      name: 'half of the channels of 32x56x56x64',
      inputs: [{ shape: [32, 56, 56, 64] }],
      attrs: { begin: [0, 0, 0, 32] },
      flop: 0,
      bytes: 25_690_112,
    },
  ],
});

export const padCases = (): OpCases => ({
  op: pad,
  samples: [
    { inputs: [{ shape: [3, 2] }], attrs: { before: [1, 0], after: [0, 2] } },
    { inputs: [{ shape: [2, 3, 4] }], attrs: { before: [0, 1, 4], after: [1, 0, 4], value: -1.5 } },
    { inputs: [{ shape: [2, 1, 3] }], attrs: { before: [1], interior: [2, 3, 1] } },
    { inputs: [{ shape: [] }] },
    { inputs: [{ shape: [3], dtype: 'int32', lo: -9, hi: 9 }], attrs: { after: [2], value: -7 } },
  ],
  errors: [
    { inputs: [{ shape: [2, 3] }], attrs: { before: [-1] }, message: /axis 0 has paddings .* = -1, 0, 0/ },
    { inputs: [{ shape: [2] }], attrs: { before: [0, 1] }, message: /2 paddings for \[2\]/ },
  ],
  bench: [
    {
      name: 'border of 3 around 32x112x112x64',
      inputs: [{ shape: [32, 112, 112, 64] }],
      attrs: { before: [0, 3, 3], after: [0, 3, 3] },
      flop: 0,
      bytes: 216_825_856,
    },
  ],
});
