import { observing } from '../autograd/observer.js';
import { sizeOf } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/** Multiply-accumulates of one op, from the shapes that it ran on. */
type Counter = (inputs: readonly Tensor[], outputs: readonly Tensor[]) => number;

/** How many taps of a filter [R, S, C / groups, K] one element of the output sums up. */
const taps = ({ shape }: Tensor): number => sizeOf(shape) / shape[3];

const convolution: Counter = ([, filter], [y]) => y.size * taps(filter);

/**
 * The ops that are counted: matrix products and convolutions, taps in the padding included, as papers count them. Norms,
 * activations, pooling and sums are not counted. In a transposed convolution every element of the input meets every tap
 * once. Li et al. (2021, table 1) count a full kernel at each output of the SimpleBaseline head, which is `stride^2`
 * times as many.
 */
const COUNTERS: Readonly<Record<string, Counter>> = {
  conv2d: convolution,
  conv2dNorm: convolution,
  conv2dInput: ([g, filter]) => g.size * taps(filter),
  conv2dWeight: ([, g], [filter]) => g.size * taps(filter),
  linear: ([, weight], [y]) => y.size * weight.shape[1],
  // Whichever operand is transposed: the inner extent K is the root of MK KN / MN.
  matmul: ([a, b], [y]) => y.size * Math.sqrt((matrixOf(a) * matrixOf(b)) / matrixOf(y)),
};

/** Elements of the last two axes. */
const matrixOf = ({ shape }: Tensor): number => sizeOf(shape.slice(-2));

/** Multiply-accumulates in all, and by the name of the op. */
export interface Macs {
  readonly total: number;
  readonly byOp: ReadonlyMap<string, number>;
}

/**
 * Counts the multiply-accumulates of the ops that `run` calls, those of derivatives included. On a `shapesOnly` device it
 * does so without computing anything.
 */
export function countMacs(run: () => unknown): Macs {
  const byOp = new Map<string, number>();
  observing((name, inputs, outputs) => {
    const count = COUNTERS[name]?.(inputs, outputs);
    if (count !== undefined) byOp.set(name, (byOp.get(name) ?? 0) + count);
  }, run);
  return { total: [...byOp.values()].reduce((a, b) => a + b, 0), byOp };
}
