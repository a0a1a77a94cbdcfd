import type { OpCases } from '../autograd/cases.js';
import { defineOp, type Op } from '../autograd/op.js';
import { ShapeError } from '../errors.js';
import { formatShape, type Shape, stridesOf } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { pad } from './pad.js';
import { gatherStrided, gatherView, type Strided } from './strided.js';

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
  attrs: { begin: [], end: [], step: [] },
  anyDType: true,
  half: [0],
  shape: ([x], attrs) => ({ shape: ranges(x.shape, attrs).map(({ extent }) => extent), dtype: x.dtype }),
  reference: ([x], [y], attrs) => gatherView(x, y, selected(x.shape, attrs)),
  launches: ([x], [y], attrs) => [gatherStrided('slice', x, y, selected(x.shape, attrs))],
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
