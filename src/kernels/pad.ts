import type { OpCases } from '../autograd/cases.js';
import { defineOp, type Op } from '../autograd/op.js';
import { ShapeError } from '../errors.js';
import { formatShape, type Shape, stridesOf } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { fillLaunch, wordOf } from './fill.js';
import { slice } from './slice.js';
import { eachStrided, type Strided, scatterStrided } from './strided.js';

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
        `pad: axis ${d} has paddings before, after, interior = ${counts.join(', ')}; wanted integers >= 0 (slice removes)`,
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
    scatterStrided('pad', x, y, inner(x.shape, y.shape, attrs)),
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
