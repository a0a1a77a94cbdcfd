import type { OpCases } from '../../autograd/cases.js';
import { defineOp, type Op } from '../../autograd/op.js';
import { grid } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import { aroundAxis, normaliseAxis, sumType, WGSL_TYPE } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import cumsumCode, { chunkTotals } from '../wgsl/cumsum.wgsl.js';

const scans = /* @__PURE__ */ programs('cumsum', cumsumCode);
const totalsOf = /* @__PURE__ */ programs('cumsum totals', chunkTotals);

export interface CumsumAttrs {
  readonly axis: number;
  /** Sums from the end instead: `y_r = sum_{q >= r} x_q`. */
  readonly reverse: boolean;
}

/** A chunk is what one thread scans; there are about as many chunks as elements in one, which is the shortest wait. */
function chunkOf(extent: number): number {
  return Math.max(64, Math.ceil(Math.sqrt(extent)));
}

/** Running sum along an axis, `y_r = sum_{q <= r} x_q`; its own dual in reverse. */
export const cumsum: Op<[x: Tensor], CumsumAttrs> = /* @__PURE__ */ defineOp({
  name: 'cumsum',
  arity: 1,
  attrs: { axis: -1, reverse: false },
  anyDType: true,
  half: [0],
  shape([x], { axis }) {
    normaliseAxis('cumsum', axis, x.shape.length);
    return { shape: x.shape, dtype: x.dtype };
  },
  reference([x], [y], { axis, reverse }) {
    const { outer, extent, inner } = aroundAxis('cumsum', x.shape, axis);
    const step = reverse ? -inner : inner;
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        let at = (o * extent + (reverse ? extent - 1 : 0)) * inner + i;
        let total = 0;
        for (let r = 0; r < extent; r++, at += step) {
          total += x.data[at];
          y.data[at] = total;
        }
      }
    }
  },
  launches([x], [y], { axis, reverse }, { scratch }) {
    const { outer, extent, inner } = aroundAxis('cumsum', x.shape, axis);
    const type = WGSL_TYPE[x.dtype];
    const chunk = chunkOf(extent);
    const chunks = Math.ceil(extent / chunk);
    const threads = outer * chunks * inner;
    const totals = scratch(threads, sumType(x.dtype));
    const shared = { params: [extent, inner, chunk, chunks, threads, reverse ? 1 : 0], grid: grid(threads) };
    const scan = {
      program: scans(type),
      read: [x, totals],
      write: [y],
      ...shared,
    };
    if (chunks === 1) return [scan];
    return [{ program: totalsOf(type), read: [x], write: [totals], ...shared }, scan];
  },
  vjp: (g, { attrs: { axis, reverse } }) => [() => cumsum(g, { axis, reverse: !reverse })],
  keep: { inputs: [] },
});

export const cumsumCases = (): OpCases => ({
  op: cumsum,
  samples: [
    { inputs: [{ shape: [5] }] },
    { inputs: [{ shape: [3, 4] }], attrs: { reverse: true } },
    { inputs: [{ shape: [2, 5, 3] }], attrs: { axis: 1 } },
    { inputs: [{ shape: [3, 1, 2] }], attrs: { axis: 0, reverse: true } },
    { inputs: [{ shape: [1, 4] }], attrs: { axis: 0 } },
    { inputs: [{ shape: [2, 131, 3] }], attrs: { axis: 1 }, order: 1 },
    { inputs: [{ shape: [4099] }], attrs: { reverse: true }, order: 1 },
    { inputs: [{ shape: [7], dtype: 'int32', lo: -9, hi: 9 }] },
  ],
  errors: [
    { inputs: [{ shape: [2, 3] }], attrs: { axis: -3 }, message: /cumsum: axis -3 is out of range for rank 2/ },
    { inputs: [{ shape: [] }], message: /cumsum: axis -1 is out of range for rank 0/ },
  ],
  bench: [{ name: '1024x4096', inputs: [{ shape: [1024, 4096] }], flop: 4_194_304, bytes: 33_554_432 }],
});
