import { basename } from 'node:path';
import type { PredictedPose } from './predictPoses.js';

/** Thousandths of a pixel and millionths of a score: far below what they are known to. */
const PIXEL_DIGITS = 1e3;
const SCORE_DIGITS = 1e6;

/** A covariance is known to a per cent or so. */
const COVARIANCE_DIGITS = 5;

/**
 * Poses as a COCO results file, one to a line: `keypoints` are x, y and the joint's score; boxes are those given. What COCO
 * has no fields for, and its tools skip: `mean` [x, y, ...] and `covariance` [xx, xy, yy, ...] of where each joint's label is
 * expected, in pixels and their squares.
 */
export function formatResults(poses: readonly PredictedPose[]): string {
  const lines = poses.map(({ image, person, joints, jointScores, score, expected }) =>
    JSON.stringify({
      image_id: image.id,
      file_name: basename(image.path),
      annotation_id: person.annotation,
      category_id: person.category,
      keypoints: jointScores.flatMap((s, k) => [
        round(joints[2 * k], PIXEL_DIGITS),
        round(joints[2 * k + 1], PIXEL_DIGITS),
        round(s, SCORE_DIGITS),
      ]),
      score: round(score, SCORE_DIGITS),
      bbox: person.box,
      mean: expected && Array.from(expected.mean, (value) => round(value, PIXEL_DIGITS)),
      covariance: expected && Array.from(expected.covariance, (value) => Number(value.toPrecision(COVARIANCE_DIGITS))),
    }),
  );
  return lines.length === 0 ? '[]\n' : `[\n${lines.join(',\n')}\n]\n`;
}

function round(value: number, digits: number): number {
  return Math.round(value * digits) / digits;
}
