import type { Rng } from 'wgrad';
import type { ErrorDensity } from './errorDensity.js';
import type { ExpectedLabels } from './expectedLabels.js';

/**
 * Draws labels [K, 2] from a prediction's density, each joint for itself: `mean - sigma (e - m)`, where e is one of the draws of
 * the normalised error and m their mean. Sigma in the units of `expected` follows from its covariance, `sigma^2 = C_xx / Var e_x`.
 * @param expected as `predictPoses` and `expectedLabels` give it, not turned: along x and y the joint has scales of its own
 */
export function drawLabels({ mean, covariance }: ExpectedLabels, errors: ErrorDensity, rng: Rng): Float64Array {
  const { draws, mean: centre } = errors;
  const [xx, , yy] = errors.covariance;
  const labels = new Float64Array(mean.length);
  for (let k = 0; 2 * k < mean.length; k++) {
    const i = rng.int(draws.length / 2);
    const sigmas = [Math.sqrt(covariance[3 * k] / xx), Math.sqrt(covariance[3 * k + 2] / yy)];
    for (const axis of [0, 1]) {
      labels[2 * k + axis] = mean[2 * k + axis] - sigmas[axis] * (draws[2 * i + axis] - centre[axis]);
    }
  }
  return labels;
}
