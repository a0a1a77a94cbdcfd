import { ShapeError } from '../errors.js';
import { mul, sub } from '../kernels/elementwise/arithmetic.js';
import { sqrt, square } from '../kernels/elementwise/unary.js';
import { expandDims } from '../kernels/layout/reshape.js';
import { mean } from '../kernels/reduction/mean.js';
import { scope } from '../tensor/scope.js';
import { formatShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Prediction } from './prediction.js';
import { scaledSigma } from './predictive.js';
import type { SigmaOptions } from './sigma.js';

/** Moments of the normalised error, of all joints or of each: J = 1 or K. */
export type ErrorMoments = {
  /** [J, D]. */
  readonly mean: Tensor;
  /** [J, D]. */
  readonly std: Tensor;
  /** [J, D, D]. */
  readonly covariance: Tensor;
};

/** Moments of a predicted joint, in the units of mu. */
export type Calibrated = {
  /** [B, K, D]. */
  readonly mean: Tensor;
  /** [B, K, D]. */
  readonly std: Tensor;
  /** [B, K, D, D]. */
  readonly covariance: Tensor;
};

export interface ScaleOptions extends SigmaOptions {
  /** The error scale that the likelihood was given. */
  readonly errorScale?: Tensor;
}

/** Moments of draws from `drawErrors`, [n, J, D]; good to about 1 / sqrt(2 n). */
export function errorMoments(errors: Tensor): ErrorMoments {
  if (errors.rank !== 3) {
    throw new ShapeError(
      `errorMoments: wants errors [n, J, D] as drawErrors makes them, got ${formatShape(errors.shape)}`,
    );
  }
  return scope(() => {
    const centre = mean(errors, { axes: [0] });
    const centred = sub(errors, centre);
    const products = mul(expandDims(centred, { axis: -1 }), expandDims(centred, { axis: -2 }));
    return {
      mean: centre,
      std: sqrt(mean(square(centred), { axes: [0] })),
      covariance: mean(products, { axes: [0] }),
    };
  });
}

/**
 * Mean `mu - sigma m`, standard deviation `sigma s` and covariance `sigma_i sigma_j C_ij` of the labels that a
 * prediction expects, from the moments m, s, C of the error. Sigma alone does not measure the uncertainty: its scale
 * may grow in training while the flow's shrinks, and the data determine only their product.
 */
export function calibrated(prediction: Prediction, moments: ErrorMoments, options: ScaleOptions = {}): Calibrated {
  return scope(() => {
    const sigma = scaledSigma(prediction, options);
    const products = mul(expandDims(sigma, { axis: -1 }), expandDims(sigma, { axis: -2 }));
    return {
      mean: sub(prediction.mu, mul(sigma, moments.mean)),
      std: mul(sigma, moments.std),
      covariance: mul(products, moments.covariance),
    };
  });
}

/**
 * Quantiles along the first axis, linear between neighbours as NumPy's default.
 *
 * @param draws [n, ...]
 * @param levels each in [0, 1]
 * @returns [levels, ...]
 */
export async function quantiles(draws: Tensor, levels: readonly number[]): Promise<Tensor> {
  checkLevels(levels);
  const data = await draws.data();
  const [n, ...rest] = draws.shape;
  const stride = draws.size / n;
  const found = new Float64Array(levels.length * stride);
  for (let i = 0; i < stride; i++) {
    const column = Float64Array.from({ length: n }, (_, k) => data[k * stride + i]).sort();
    levels.forEach((level, l) => {
      found[l * stride + i] = sortedQuantile(column, level);
    });
  }
  return draws.device.tensor(found, [levels.length, ...rest]);
}

/** The quantile of sorted values. */
export function sortedQuantile(sorted: Float64Array, level: number): number {
  const at = level * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

/**
 * Quantiles of each predicted coordinate: `mu - sigma q_(1 - level)`, with quantiles q of the error; the minus sign
 * reverses their order.
 *
 * @param errors from `drawErrors`, [n, J, D]
 * @returns [levels, B, K, D]
 */
export async function predictiveQuantiles(
  prediction: Prediction,
  errors: Tensor,
  levels: readonly number[],
  options: ScaleOptions = {},
): Promise<Tensor> {
  const ofError = await quantiles(
    errors,
    levels.map((level) => 1 - level),
  );
  return scope(() => sub(prediction.mu, mul(scaledSigma(prediction, options), expandDims(ofError, { axis: 1 }))));
}

function checkLevels(levels: readonly number[]): void {
  const wrong = levels.find((level) => !(level >= 0 && level <= 1));
  if (levels.length === 0 || wrong !== undefined) {
    throw new ShapeError(`quantiles: wants levels from 0 to 1, at least one, got ${wrong ?? 'none'}`);
  }
}
