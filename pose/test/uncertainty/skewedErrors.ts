import type { Rng } from 'wgrad';

/**
 * Draws [n, 2] of a skewed and correlated error: `A (z - 0.4)` with z exponential in one coordinate and normal in the other,
 * A a turn and a stretch. Moments are known: those of z are mean 1 and 0, both of unit variance.
 */
export function skewedErrors(rng: Rng, n: number): Float64Array {
  const draws = new Float64Array(2 * n);
  for (let i = 0; i < n; i++) {
    const [z, w] = [-Math.log(1 - rng.uniform()) - 0.4, rng.normal() - 0.4];
    draws.set([A[0] * z + A[1] * w, A[2] * z + A[3] * w], 2 * i);
  }
  return draws;
}

const A = [1.2, 0.3, 0.5, 0.6] as const;

export const SKEWED = {
  mean: [A[0] * 0.6 - A[1] * 0.4, A[2] * 0.6 - A[3] * 0.4],
  covariance: [A[0] ** 2 + A[1] ** 2, A[0] * A[2] + A[1] * A[3], A[2] ** 2 + A[3] ** 2],
} as const;
