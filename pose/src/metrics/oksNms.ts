import { type Keypoints, poseOks } from './oks.js';

/** One of several predictions for an image, which may show the same person. */
export interface ScoredPose {
  /** Flat [3K]: x, y, score by joint. */
  readonly keypoints: Keypoints;
  readonly score: number;
  /** Area of the person's box in square pixels. */
  readonly area: number;
}

/**
 * Non-maximum suppression by OKS: goes through the poses by falling score and drops each pose whose OKS with a kept one
 * is above the threshold, as mmpose's `oks_nms`. Equal scores keep their order, which mmpose reverses.
 * @returns the indices of the kept poses, best first
 */
export function oksNms(poses: readonly ScoredPose[], sigmas: readonly number[], threshold = 0.9): number[] {
  const kept: number[] = [];
  for (const i of byFallingScore(poses.map(({ score }) => score))) {
    if (kept.every((k) => poseOks(poses[k], poses[i], sigmas) <= threshold)) kept.push(i);
  }
  return kept;
}

/**
 * Soft non-maximum suppression by OKS: takes the best pose, multiplies the scores of the others by
 * `exp(-OKS^2 / threshold)`, and repeats this until `most` poses are taken, as mmpose's `soft_oks_nms`, which does not
 * return the new scores.
 * @returns the poses in the order in which they were taken, by index, each with its score at that time
 */
export function softOksNms(
  poses: readonly ScoredPose[],
  sigmas: readonly number[],
  threshold = 0.9,
  most = 20,
): { readonly index: number; readonly score: number }[] {
  const scores = poses.map(({ score }) => score);
  const taken: { index: number; score: number }[] = [];
  let left = byFallingScore(scores);
  while (left.length > 0 && taken.length < most) {
    const [best, ...rest] = left;
    taken.push({ index: best, score: scores[best] });
    for (const i of rest) scores[i] *= Math.exp(-(poseOks(poses[best], poses[i], sigmas) ** 2) / threshold);
    left = rest.sort((a, b) => scores[b] - scores[a]);
  }
  return taken;
}

function byFallingScore(scores: readonly number[]): number[] {
  return [...scores.keys()].sort((a, b) => scores[b] - scores[a]);
}
