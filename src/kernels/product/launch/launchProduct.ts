import type { Launch, LaunchContext, Program } from '../../../tensor/backend.js';
import type { Tensor } from '../../../tensor/tensor.js';
import type { Epilogue } from '../../wgsl/epilogue.wgsl.js';
import { type BoundEpilogue, NO_EPILOGUE } from './epilogue.js';
import { sumPartials } from './sumPartials.js';

/** Ranges into which the sum of every output is cut: `parts` of them, of `chunk` units of the kernel's own each. */
export interface Ranges {
  readonly chunk: number;
  readonly parts: number;
}

/** Sums that are not cut. */
export const WHOLE: Ranges = { chunk: 0, parts: 1 };

/** The kernel chosen for a product, explicit (`matmul`) or implicit (the convolutions). */
export interface ProductKernel extends Ranges {
  readonly program: (epilogue: Epilogue) => Program;
  /** For all ranges together. */
  readonly grid: Launch['grid'];
  readonly split?: Launch['split'];
}

/** `units` of a sum in at most `splits` ranges of equal length, the last one aside. */
export function cutInto(splits: number, units: number): Ranges {
  const chunk = Math.ceil(units / splits);
  return { chunk, parts: Math.ceil(units / chunk) };
}

/**
 * The launches of every product `y = finish(a b)`: the kernel, and where it cuts its sums a second stage that adds the ranges
 * in order and then finishes.
 *
 * @param words the kernel's parameters, from the length of a range and the epilogue's eps
 */
export function launchProduct(
  { program, grid, split, chunk, parts }: ProductKernel,
  words: (chunk: number, eps: number) => number[],
  [a, b, y]: readonly [a: Tensor, b: Tensor, y: Tensor],
  { scratch }: LaunchContext,
  bound: BoundEpilogue,
): Launch[] {
  const early = parts > 1 ? NO_EPILOGUE : bound;
  const sums = parts > 1 ? scratch(parts * y.size) : y;
  const product = {
    program: program(early.epilogue),
    read: [a, b, ...early.operands],
    write: [sums],
    params: words(chunk, early.eps),
    grid,
    split,
  };
  return parts > 1 ? [product, sumPartials(sums, y, parts, bound)] : [product];
}
