import { type Crop, cropToImage } from '../crop.js';
import type { SpaceMoments } from './spaceMoments.js';

/** Where labels in space are expected, by the mean and covariance of their density. */
export interface ExpectedInSpace {
  /** [K, 3]. */
  readonly mean: Float64Array;
  /** [K, 6]: xx, xy, xz, yy, yz, zz of each joint. */
  readonly covariance: Float64Array;
}

/**
 * The labels in space that predictions expect: means `mu - sigma m`, covariances `sigma_i sigma_j C_ij`, as `expectedLabels`
 * has them in the plane.
 * @param mu [K, 3], like sigma; the result is in their units. @param moments of e
 */
export function expectedInSpace(
  mu: ArrayLike<number>,
  sigma: ArrayLike<number>,
  { mean, covariance: [xx, xy, xz, yy, yz, zz] }: SpaceMoments,
): ExpectedInSpace {
  const covariance = new Float64Array(2 * mu.length);
  for (let at = 0; at < mu.length; at += 3) {
    const [sx, sy, sz] = [sigma[at], sigma[at + 1], sigma[at + 2]];
    const ofJoint = [sx * sx * xx, sx * sy * xy, sx * sz * xz, sy * sy * yy, sy * sz * yz, sz * sz * zz];
    covariance.set(ofJoint, 2 * at);
  }
  return { mean: Float64Array.from(mu, (value, i) => value - sigma[i] * mean[i % 3]), covariance };
}

/**
 * Converts expected labels from an upright crop to pixels of the image and, for depths, to millimetres: `A m + t` and
 * `A C A^T`.
 * @param unit millimetres of a unit of depth
 * @param root depth of the predicted root, from which depths count
 */
export function decodeInSpace(
  { mean, covariance }: ExpectedInSpace,
  crop: Crop,
  unit: number,
  root: number,
): ExpectedInSpace {
  const [a, b, c, d, e, f] = cropToImage(crop);
  const moved = { mean: new Float64Array(mean.length), covariance: new Float64Array(covariance.length) };
  for (let at = 0; at < mean.length; at += 3) {
    const [x, y, z] = mean.subarray(at, at + 3);
    moved.mean.set([a * x + b * y + c, d * x + e * y + f, unit * (z - root)], at);
    const [xx, xy, xz, yy, yz, zz] = covariance.subarray(2 * at, 2 * at + 6);
    const ofJoint = [
      a * a * xx + 2 * a * b * xy + b * b * yy,
      a * d * xx + (a * e + b * d) * xy + b * e * yy,
      unit * (a * xz + b * yz),
      d * d * xx + 2 * d * e * xy + e * e * yy,
      unit * (d * xz + e * yz),
      unit * unit * zz,
    ];
    moved.covariance.set(ofJoint, 2 * at);
  }
  return moved;
}
