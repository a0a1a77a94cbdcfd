import type { Box } from '../dataset.js';
import type { JointSchema } from '../schema.js';

/** Euclidean distances [N K] between two sets of points [N, K, 2]. */
export function jointDistances(prediction: ArrayLike<number>, target: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: target.length / 2 }, (_, i) =>
    Math.hypot(prediction[2 * i] - target[2 * i], prediction[2 * i + 1] - target[2 * i + 1]),
  );
}

/**
 * The length [N] that PCK divides by: the distance between the schema's two joints for it, of people the torso, or the
 * longer side of the box where the schema names none. It is NaN where one of the joints is not annotated or the length is
 * 0; such an image does not count.
 * @param joints [N, K, 2] @param weights [N, K] @param boxes [N]
 */
export function normLengths(
  { joints: names, normaliser }: JointSchema,
  joints: ArrayLike<number>,
  weights: ArrayLike<number>,
  boxes: readonly Box[],
): Float64Array {
  if (!normaliser) return Float64Array.from(boxes, ([, , width, height]) => Math.max(width, height) || Number.NaN);
  const count = names.length;
  const [a, b] = normaliser;
  return Float64Array.from({ length: weights.length / count }, (_, n) => {
    if (weights[n * count + a] <= 0 || weights[n * count + b] <= 0) return Number.NaN;
    const p = 2 * (n * count + a);
    const q = 2 * (n * count + b);
    return Math.hypot(joints[p] - joints[q], joints[p + 1] - joints[q + 1]) || Number.NaN;
  });
}

/** What `normLengths` are, in words: "the distance from left_shoulder to right_hip". */
export function normText({ joints, normaliser }: JointSchema): string {
  if (!normaliser) return 'the longer side of the box';
  const [a, b] = normaliser.map((k) => joints[k].replaceAll('_', ' '));
  return `the distance from ${a} to ${b}`;
}

/**
 * Share of correct joints: per joint [K] (NaN where no image has the joint), and its mean over the joints that occur.
 */
export interface Pck {
  readonly mean: number;
  readonly perJoint: Float64Array;
}

/**
 * Percentage of correct keypoints as a fraction in [0, 1], `mean_k mean_n [distance / norm < threshold]` (a strict
 * comparison): the inner mean is over joints of positive weight, the outer one over joints that occur (as mmpose's
 * `keypoint_pck_accuracy`).
 * @param distances [N, K]
 * @param weights [N, K]
 * @param norms [N], in the unit of the distances; NaN leaves an image out
 */
export function pck(
  distances: ArrayLike<number>,
  weights: ArrayLike<number>,
  norms: ArrayLike<number>,
  threshold: number,
): Pck {
  const count = distances.length / norms.length;
  const perJoint = new Float64Array(count);
  for (let k = 0; k < count; k++) {
    let right = 0;
    let seen = 0;
    for (let n = 0; n < norms.length; n++) {
      if (weights[n * count + k] <= 0 || Number.isNaN(norms[n])) continue;
      seen++;
      if (distances[n * count + k] / norms[n] < threshold) right++;
    }
    perJoint[k] = right / seen;
  }
  const known = perJoint.filter((p) => !Number.isNaN(p));
  return { mean: known.reduce((s, p) => s + p, 0) / known.length, perJoint };
}

/**
 * Area under the PCK curve: the mean of PCK at thresholds 0, 1/steps, ..., (steps-1)/steps of `norm`, as mmpose's
 * `keypoint_auc`, which includes 0 and leaves out 1.
 */
export function auc(distances: ArrayLike<number>, weights: ArrayLike<number>, images: number, norm = 30, steps = 20) {
  const norms = new Float64Array(images).fill(norm);
  let sum = 0;
  for (let i = 0; i < steps; i++) sum += pck(distances, weights, norms, i / steps).mean;
  return sum / steps;
}

/**
 * Mean distance over joints of positive weight (end-point error); with `norms` [N], the mean of distance / norm
 * (normalised mean error), where NaN leaves an image out.
 */
export function meanError(distances: ArrayLike<number>, weights: ArrayLike<number>, norms?: ArrayLike<number>): number {
  const count = norms ? distances.length / norms.length : 1;
  let sum = 0;
  let seen = 0;
  for (let i = 0; i < distances.length; i++) {
    if (weights[i] <= 0 || Number.isNaN(norms?.[Math.floor(i / count)])) continue;
    sum += norms ? distances[i] / norms[Math.floor(i / count)] : distances[i];
    seen++;
  }
  return sum / seen;
}
