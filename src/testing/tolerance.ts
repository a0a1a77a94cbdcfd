/** The error that a check allows. Each number below is derived; `test/tolerance.ts` adds what whole models need. */
export interface Tolerance {
  readonly absolute: number;
  /** Relative to the larger of the element and the root mean square of the output. */
  readonly relative: number;
  /** Relative to the element itself; default 0. */
  readonly own?: number;
}

/** Spacing of float32 numbers near 1. */
export const FLOAT32_EPSILON = 2 ** -23;

/**
 * Step h of the five-point difference quotient, along directions whose components are at most 1. Truncation errs by h^4
 * |f'''''| / 30 = 3e-18 |f'''''|, rounding by 1.5 * 2^-53 |f| / h = 1.7e-12 |f|. In every sample kinks are farther away
 * than 2h.
 */
export const GRADCHECK_STEP = 1e-4;

/**
 * Relative to sum |g_i v_i|, the size of the terms of <g, v>: 5000 times the rounding above, which leaves room for long
 * sums and curved functions.
 */
export const GRADCHECK_TOLERANCE = 1e-8;

/**
 * Relative to sum max(|y_j|, 1) |r_j|: 60 times the rounding above, for outputs that are small differences of larger
 * terms.
 */
export const GRADCHECK_NOISE = 1e-10;

/**
 * How far a float32 kernel may be off the float64 reference: 16 ulp of the larger of the element and the output's root
 * mean square, plus the same absolutely, since operands are of order 1. A running sum of K terms rounds by 0.2 sqrt(K)
 * ulp of its result (0.29 ulp at each step, of the size of the partial sum); four times that is 16 ulp at K = 400. For
 * longer sums the tolerance grows with sqrt(K), and the size of the largest operand bounds K. WGSL's own functions stay
 * within it (division 2.5 ulp, exp 3 + 2|x|, inverseSqrt 2). Those that do not (sin, cos, log near 1, atan2, pow) have a
 * tolerance beside their cases.
 */
export function kernelTolerance(largestOperand: number): Tolerance {
  const allowed = 16 * FLOAT32_EPSILON * Math.max(1, Math.sqrt(largestOperand / 400));
  return { absolute: allowed, relative: allowed };
}

/** Spacing of float16 numbers near 1, and of those below 2^-14. */
export const FLOAT16_EPSILON = 2 ** -10;
export const FLOAT16_LEAST = 2 ** -24;

/**
 * For a kernel that stores float16: it computes in float32 and rounds once. WGSL lets the device round to either
 * neighbour, so the error is below one spacing.
 */
export function storedAsHalf({ absolute, relative }: Tolerance): Tolerance {
  return { absolute: absolute + FLOAT16_LEAST, relative, own: FLOAT16_EPSILON };
}

/**
 * For a VJP in float16: each of its few ops rounds what it stores, which has the size of the gradient or of the operands,
 * about 1.
 */
export function gradientInHalf(tolerance: Tolerance): Tolerance {
  const { absolute, relative } = gradientTolerance(tolerance);
  return { absolute: absolute + 4 * FLOAT16_EPSILON, relative: relative + 4 * FLOAT16_EPSILON };
}

/** For a VJP: a few ops in a row, each of which may err as much as one kernel. */
export function gradientTolerance({ absolute, relative }: Tolerance): Tolerance {
  return { absolute: 4 * absolute, relative: 4 * relative };
}
