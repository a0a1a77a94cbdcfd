import { add, mul } from '../kernels/elementwise/arithmetic.js';
import { abs, square } from '../kernels/elementwise/unary.js';
import type { Tensor } from '../tensor/tensor.js';

/** The densities Q of a normalised error that a loss can assume, of scale 1. */
export type Density = 'laplace' | 'gaussian';

/** `-log Q(e) = |e| + log 2`, Laplace with scale b = 1; elementwise. */
export function laplaceNegLog(e: Tensor): Tensor {
  return add(abs(e), Math.LN2);
}

export const HALF_LOG_2PI = 0.5 * Math.log(2 * Math.PI);

/** `-log Q(e) = e^2 / 2 + log(2 pi) / 2`, the standard normal; elementwise. */
export function gaussianNegLog(e: Tensor): Tensor {
  return add(mul(square(e), 0.5), HALF_LOG_2PI);
}

export const NEG_LOG: Readonly<Record<Density, (e: Tensor) => Tensor>> = {
  laplace: laplaceNegLog,
  gaussian: gaussianNegLog,
};

/** What both public codes add to guard their divisions. */
export const CODE_EPSILON = 1e-9;
