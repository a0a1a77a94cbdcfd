import { type DType, type Shape, sameShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/**
 * Places in a gradient arena that the reverse sweep wants filled, so that the kernel that computes a parameter's gradient
 * writes it where the optimiser reads it. It is a hint: the tape copies whatever landed elsewhere.
 */
let wanted: Tensor[] = [];

/** Runs `fn` while new tensors of a fitting shape may be placed at `places`. */
export function withDestinations<T>(places: Tensor[], fn: () => T): T {
  const outer = wanted;
  wanted = places;
  try {
    return fn();
  } finally {
    wanted = outer;
  }
}

/**
 * The place for an op's output, taken off the list, or undefined. One dispatch may not bind a buffer both read-only and
 * read-write, so an op that reads the arena does not write into it.
 */
export function destinationFor(spec: { shape: Shape; dtype: DType }, inputs: readonly Tensor[]): Tensor | undefined {
  if (wanted.length === 0) return undefined;
  const i = wanted.findIndex(
    (place) =>
      place.dtype === spec.dtype &&
      sameShape(place.shape, spec.shape) &&
      !inputs.some((x) => x.allocation === place.allocation),
  );
  return i < 0 ? undefined : wanted.splice(i, 1)[0];
}
