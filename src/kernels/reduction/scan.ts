import { defineOp, type Op, type OpDefinition } from '../../autograd/op.js';
import { grid } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import { aroundAxis, normaliseAxis, sumType, WGSL_TYPE } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import scanWgsl, { chunkTotals, type ScanCode } from '../wgsl/scan.wgsl.js';

/** Attributes of a scan such as `cumsum`: the axis it runs along, and whether it runs from the end. */
export interface ScanAttrs {
  readonly axis: number;
  /** Begins at the end instead: `y_r` combines all `x_q` with `q >= r`. */
  readonly reverse: boolean;
}

interface ScanDefinition
  extends Pick<OpDefinition<ScanAttrs, Tensor>, 'name' | 'vjp' | 'keep'>,
    Pick<ScanCode, 'combine'> {
  /** What changes nothing when it is combined with an element. */
  readonly initial: number;
  /** An associative operation in float64. */
  readonly value: (a: number, b: number) => number;
}

/** A thread scans one chunk. The wait is shortest with about as many chunks as a chunk has elements. */
function chunkOf(extent: number): number {
  return Math.max(64, Math.ceil(Math.sqrt(extent)));
}

/** Declares a scan, `y_r = x_0 o x_1 o ... o x_r` along an axis for an associative `o`, whose WGSL is `combine` of `a` and `b`. */
export function defineScan({ value, initial, combine, ...rest }: ScanDefinition): Op<[x: Tensor], ScanAttrs> {
  const { name } = rest;
  const scans = programs(`${name} of chunks`, scanWgsl);
  const totalsOf = programs(`${name} totals of chunks`, chunkTotals);
  return defineOp({
    ...rest,
    arity: 1,
    attrs: { axis: -1, reverse: false },
    anyDType: true,
    half: [0],
    shape([x], { axis }) {
      normaliseAxis(name, axis, x.shape.length);
      return { shape: x.shape, dtype: x.dtype };
    },
    reference([x], [y], { axis, reverse }) {
      const { outer, extent, inner } = aroundAxis(name, x.shape, axis);
      const step = reverse ? -inner : inner;
      for (let o = 0; o < outer; o++) {
        for (let i = 0; i < inner; i++) {
          let at = (o * extent + (reverse ? extent - 1 : 0)) * inner + i;
          let total = initial;
          for (let r = 0; r < extent; r++, at += step) {
            total = value(total, x.data[at]);
            y.data[at] = total;
          }
        }
      }
    },
    launches([x], [y], { axis, reverse }, { scratch }) {
      const { outer, extent, inner } = aroundAxis(name, x.shape, axis);
      const code = { type: WGSL_TYPE[x.dtype], initial: String(initial), combine };
      const chunk = chunkOf(extent);
      const chunks = Math.ceil(extent / chunk);
      const threads = outer * chunks * inner;
      const totals = scratch(threads, sumType(x.dtype));
      const shared = { params: [extent, inner, chunk, chunks, threads, reverse ? 1 : 0], grid: grid(threads) };
      const scan = { program: scans(code), read: [x, totals], write: [y], ...shared };
      if (chunks === 1) return [scan];
      return [{ program: totalsOf(code), read: [x], write: [totals], ...shared }, scan];
    },
  });
}
