/** The error that a check allows, derived; `test/tolerance.ts` adds what whole models need. */
export interface Tolerance {
  readonly absolute: number;
  /** To the larger of the element and the root mean square of the output. */
  readonly relative: number;
  /** To the element itself; default 0. */
  readonly own?: number;
}

/** Spacing of float32 numbers near 1. */
export const FLOAT32_EPSILON = 2 ** -23;

/**
 * Step of the five-point stencil, for directions whose components are at most 1. It errs by h^4 |f'''''| / 30, which is
 * 3e-18 |f'''''|, and by rounding, 1.5 * 2^-53 |f| / h = 1.7e-12 |f|. Kinks are farther away than 2h in every sample.
 */
export const GRADCHECK_STEP = 1e-4;

/** Relative to sum |g_i v_i|, the size of the terms of <g, v>: 5000 of the roundings above, for long sums and curved functions. */
export const GRADCHECK_TOLERANCE = 1e-8;

/** Relative to sum max(|y_j|, 1) |r_j|: the rounding above times 60, for outputs that are what is left of larger terms. */
export const GRADCHECK_NOISE = 1e-10;

/**
 * What a float32 kernel may differ from the float64 reference: 16 ulp of the larger of the element and the output's root
 * mean square, plus the same absolutely (operands are of order 1). A running sum of K terms rounds by 0.2 sqrt(K) ulp of
 * its result (0.29 ulp a step, each of the size of the partial sum), four times that is 16 ulp at K = 400; longer sums
 * grow with sqrt(K), where the size of the largest operand bounds K. WGSL's own functions stay within: division 2.5 ulp,
 * exp 3 + 2|x|, inverseSqrt 2; what does not (sin, cos, log near 1, atan2, pow) has a tolerance beside its cases.
 */
export function kernelTolerance(largestOperand: number): Tolerance {
  const allowed = 16 * FLOAT32_EPSILON * Math.max(1, Math.sqrt(largestOperand / 400));
  return { absolute: allowed, relative: allowed };
}

/** Spacing of float16 numbers near 1, and of those below 2^-14. */
export const FLOAT16_EPSILON = 2 ** -10;
export const FLOAT16_LEAST = 2 ** -24;

/**
 * What a kernel may err that stores float16: it counts in float32 and rounds once, to either neighbour, since WGSL leaves
 * that to the device: by less than one spacing.
 */
export function storedAsHalf({ absolute, relative }: Tolerance): Tolerance {
  return { absolute: absolute + FLOAT16_LEAST, relative, own: FLOAT16_EPSILON };
}

/** A VJP in float16: each of its few ops rounds what it stores, which is of the size of the gradient or of the operands, 1. */
export function gradientInHalf(tolerance: Tolerance): Tolerance {
  const { absolute, relative } = gradientTolerance(tolerance);
  return { absolute: absolute + 4 * FLOAT16_EPSILON, relative: relative + 4 * FLOAT16_EPSILON };
}

/** A VJP is a few ops in a row, each of which may err as much as a kernel. */
export function gradientTolerance({ absolute, relative }: Tolerance): Tolerance {
  return { absolute: 4 * absolute, relative: 4 * relative };
}
