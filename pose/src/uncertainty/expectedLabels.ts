import { type Ellipse, ellipse, type PlaneCovariance, type PlaneMoments } from 'wgrad/rle';
import { type Affine, applyAffine } from '../affine.js';
import { type Crop, cropToImage } from '../crop.js';

/** Where labels are expected, by the mean and covariance of their density. */
export interface ExpectedLabels {
  /** [K, 2]. */
  readonly mean: Float64Array;
  /** [K, 3]: xx, xy, yy of each joint. */
  readonly covariance: Float64Array;
}

/**
 * Where a prediction expects its labels: the error is `e = (mu - label) / sigma`, so the means are `mu - sigma m` and
 * the covariances `sigma_i sigma_j C_ij`. Sigma alone does not measure the uncertainty, because its scale may grow in
 * training while the flow's shrinks.
 * @param mu [K, 2], like sigma; the result is in their units
 * @param moments of e
 */
export function expectedLabels(
  mu: ArrayLike<number>,
  sigma: ArrayLike<number>,
  { mean, covariance: [xx, xy, yy] }: PlaneMoments,
): ExpectedLabels {
  const joints = mu.length / 2;
  const covariances = new Float64Array(3 * joints);
  for (let k = 0; k < joints; k++) {
    const [sx, sy] = [sigma[2 * k], sigma[2 * k + 1]];
    covariances.set([sx * sx * xx, sx * sy * xy, sy * sy * yy], 3 * k);
  }
  return { mean: Float64Array.from(mu, (value, i) => value - sigma[i] * mean[i % 2]), covariance: covariances };
}

/** Applies a map `p -> A p + t` to expected labels: means become `A m + t`, covariances `A C A^T`. */
export function mapLabels({ mean, covariance }: ExpectedLabels, map: Affine): ExpectedLabels {
  const moved = { mean: new Float64Array(mean.length), covariance: new Float64Array(covariance.length) };
  for (let k = 0; 2 * k < mean.length; k++) {
    moved.mean.set(applyAffine(map, mean[2 * k], mean[2 * k + 1]), 2 * k);
    moved.covariance.set(mapCovariance(covarianceOf(covariance, k), map), 3 * k);
  }
  return moved;
}

/**
 * Converts expected labels from crop units to pixels of the image: they are turned like the crop, and the joints of a
 * mirrored crop get their original order. @param order `flipOrder` of the schema
 */
export function decodeLabels(labels: ExpectedLabels, crop: Crop, order: ArrayLike<number>): ExpectedLabels {
  const moved = mapLabels(labels, cropToImage(crop));
  if (!crop.mirrored) return moved;
  const own = (values: Float64Array, size: number) =>
    values.map((_, i) => values[order[Math.floor(i / size)] * size + (i % size)]);
  return { mean: own(moved.mean, 2), covariance: own(moved.covariance, 3) };
}

/** The ellipse of so many standard deviations about each expected label. */
export function ellipsesOf({ mean, covariance }: ExpectedLabels, radius: number): Ellipse[] {
  return Array.from({ length: mean.length / 2 }, (_, k) =>
    ellipse([mean[2 * k], mean[2 * k + 1]], covarianceOf(covariance, k), radius),
  );
}

/** How far labels are expected to be from the predictions, `sqrt(E |label - mu|^2)`: [K], in the units of both. */
export function expectedDistances({ mean, covariance }: ExpectedLabels, mu: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: mean.length / 2 }, (_, k) => {
    const [dx, dy] = [mean[2 * k] - mu[2 * k], mean[2 * k + 1] - mu[2 * k + 1]];
    return Math.sqrt(covariance[3 * k] + covariance[3 * k + 2] + dx * dx + dy * dy);
  });
}

export function covarianceOf(covariance: ArrayLike<number>, k: number): PlaneCovariance {
  return [covariance[3 * k], covariance[3 * k + 1], covariance[3 * k + 2]];
}

function mapCovariance([xx, xy, yy]: PlaneCovariance, [a, b, , d, e]: Affine): PlaneCovariance {
  return [
    a * a * xx + 2 * a * b * xy + b * b * yy,
    a * d * xx + (a * e + b * d) * xy + b * e * yy,
    d * d * xx + 2 * d * e * xy + e * e * yy,
  ];
}
