import type { Box } from '../dataset.js';
import type { Pck } from './pck.js';

/** MPII defines the head size as this share of the diagonal of the head's rectangle. */
const DIAGONAL_SHARE = 0.6;

/** Joints that MPII's annotators could only guess; its evaluation leaves them out. */
const GUESSED = ['pelvis', 'thorax'];

/** Indices of the joints, by their names, that MPII's evaluation leaves out of the mean. */
export function excludedOf(joints: readonly string[]): number[] {
  return [...joints.keys()].filter((k) => GUESSED.includes(joints[k]));
}

/** Pelvis and thorax among MPII's 16 joints: its evaluation leaves them out of the mean. */
export const MPII_EXCLUDED: readonly number[] = [6, 7];

/** The lengths [N] that PCKh divides by, `0.6 |diagonal|` of each head's rectangle in pixels; NaN where it has no extent. */
export function headSizes(heads: readonly Box[]): Float64Array {
  return Float64Array.from(heads, ([, , width, height]) => DIAGONAL_SHARE * Math.hypot(width, height) || Number.NaN);
}

/**
 * PCKh as MPII evaluates it: the share of joints with `distance <= threshold * head size` (not strict). The mean is
 * over labels, so that a joint counts as often as it is annotated; PCK's mean is over joints.
 * @param distances [N, K]
 * @param weights [N, K]; joints of weight 0 do not count
 * @param heads [N], see `headSizes`; a person with NaN does not count
 * @param excluded joints that the mean leaves out; `MPII_EXCLUDED` for MPII
 * @returns fractions in [0, 1]; NaN for a joint, or a mean, without labels
 */
export function pckh(
  distances: ArrayLike<number>,
  weights: ArrayLike<number>,
  heads: ArrayLike<number>,
  threshold: number,
  excluded: readonly number[] = [],
): Pck {
  const count = distances.length / heads.length;
  const right = new Float64Array(count);
  const labels = new Float64Array(count);
  for (let i = 0; i < distances.length; i++) {
    const head = heads[Math.floor(i / count)];
    if (weights[i] <= 0 || Number.isNaN(head)) continue;
    labels[i % count]++;
    if (distances[i] / head <= threshold) right[i % count]++;
  }
  const total = (values: Float64Array) =>
    values.reduce((sum, value, k) => (excluded.includes(k) ? sum : sum + value), 0);
  return { mean: total(right) / total(labels), perJoint: right.map((n, k) => n / labels[k]) };
}
