import type { Shape } from '../../tensor/shape.js';

/** A row-major index space, and the strides by which each of some arrays is walked along its axes. */
export interface Axes {
  readonly extents: readonly number[];
  /** By array, then by axis. */
  readonly strides: readonly (readonly number[])[];
}

/** The same walks with as few axes as possible: axes of extent 1 go, neighbours that all arrays walk alike become one. */
export function mergedAxes(shape: Shape, given: readonly (readonly number[])[]): Axes {
  const extents: number[] = [];
  const strides: number[][] = given.map(() => []);
  shape.forEach((n, d) => {
    if (n === 1) return;
    const last = extents.length - 1;
    const joins = last >= 0 && given.every((s, k) => strides[k][last] === s[d] * n);
    if (joins) extents[last] *= n;
    else extents.push(n);
    given.forEach((s, k) => {
      strides[k][extents.length - 1] = s[d];
    });
  });
  return extents.length > 0 ? { extents, strides } : { extents: [1], strides: given.map(() => [1]) };
}
