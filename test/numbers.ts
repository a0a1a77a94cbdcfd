import { expect } from 'vitest';
import type { Tensor } from '../src/tensor/tensor.js';

/** Nested arrays of numbers, as JSON holds them. */
export type Nested = number | readonly Nested[];

/** Row-major values. */
export function flat(nested: Nested): number[] {
  return typeof nested === 'number' ? [nested] : nested.flatMap(flat);
}

/** Extents, outermost first. */
export function shapeOf(nested: Nested): number[] {
  return typeof nested === 'number' ? [] : [nested.length, ...shapeOf(nested[0])];
}

/** Euclidean norm. */
export function norm(values: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i] ** 2;
  return Math.sqrt(squares);
}

/** Fails unless every value is within `relative * |expected| + absolute`; shows the worst. */
export function expectClose(
  got: ArrayLike<number>,
  expected: Nested,
  { relative = 0, absolute = 0 }: { readonly relative?: number; readonly absolute?: number },
  what: string,
): void {
  const want = flat(expected);
  expect(got.length, `${what}: number of values`).toBe(want.length);
  let worst = 0;
  let at = 0;
  for (let i = 0; i < want.length; i++) {
    const excess = Math.abs(got[i] - want[i]) / (relative * Math.abs(want[i]) + absolute);
    if (excess > worst || Number.isNaN(excess)) [worst, at] = [excess, i];
    if (Number.isNaN(excess) && got[i] !== want[i]) break;
  }
  expect(worst, `${what}[${at}]: got ${got[at]}, expected ${want[at]}`).toBeLessThanOrEqual(1);
}

/** Fails unless `|got - expected| <= relative * |expected|` in the Euclidean norm. */
export function expectCloseInNorm(got: ArrayLike<number>, expected: Nested, relative: number, what: string): void {
  const want = flat(expected);
  expect(got.length, `${what}: number of values`).toBe(want.length);
  const error = norm(want.map((v, i) => v - got[i]));
  expect(error, `${what}: error against a norm of ${norm(want)}`).toBeLessThanOrEqual(relative * norm(want));
}

/** A tensor's values as plain numbers. */
export async function values(t: Tensor): Promise<number[]> {
  return Array.from(await t.data());
}
