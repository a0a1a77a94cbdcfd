import type { PredictedPose } from './predictPoses.js';

/**
 * Coordinates are rounded to thousandths of a pixel or millimetre and scores to millionths, far below their accuracy.
 */
const PIXEL_DIGITS = 1e3;
const SCORE_DIGITS = 1e6;

/** Significant digits of a covariance, which is accurate to about a per cent. */
const COVARIANCE_DIGITS = 5;

/**
 * Poses as a COCO results file, one per line: `keypoints` are x, y and the joint's score; boxes are those that were
 * given. Further fields, which COCO does not have and its tools ignore: `mean` [x, y, ...] and `covariance`
 * [xx, xy, yy, ...] say where each joint's label is expected, in pixels and their squares. Networks in 3-D add
 * `keypoints_3d` [x, y, z, ...], x and y in pixels and z in millimetres behind joint 0, and for these `mean_3d`
 * [x, y, z, ...] and `covariance_3d` [xx, xy, xz, yy, yz, zz, ...].
 */
export function formatResults(poses: readonly PredictedPose[]): string {
  const lines = poses.map(({ image, person, joints, jointScores, score, expected, space }) =>
    JSON.stringify({
      image_id: image.id,
      file_name: image.name ?? image.path,
      annotation_id: person.annotation,
      category_id: person.category,
      keypoints: jointScores.flatMap((s, k) => [
        round(joints[2 * k], PIXEL_DIGITS),
        round(joints[2 * k + 1], PIXEL_DIGITS),
        round(s, SCORE_DIGITS),
      ]),
      score: round(score, SCORE_DIGITS),
      bbox: person.box,
      mean: expected && places(expected.mean),
      covariance: expected && covariances(expected.covariance),
      keypoints_3d: space && places(space.joints),
      mean_3d: space?.expected && places(space.expected.mean),
      covariance_3d: space?.expected && covariances(space.expected.covariance),
    }),
  );
  return lines.length === 0 ? '[]\n' : `[\n${lines.join(',\n')}\n]\n`;
}

const places = (values: Float64Array) => Array.from(values, (value) => round(value, PIXEL_DIGITS));
const covariances = (values: Float64Array) =>
  Array.from(values, (value) => Number(value.toPrecision(COVARIANCE_DIGITS)));

function round(value: number, digits: number): number {
  return Math.round(value * digits) / digits;
}
