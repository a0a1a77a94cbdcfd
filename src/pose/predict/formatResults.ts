import { basename } from 'node:path';
import type { PredictedPose } from './predictPoses.js';

/** Thousandths of a pixel and millionths of a score: far below what they are known to. */
const PIXEL_DIGITS = 1e3;
const SCORE_DIGITS = 1e6;

/** Poses as a COCO results file, one to a line: `keypoints` are x, y and the joint's score; boxes are those given. */
export function formatResults(poses: readonly PredictedPose[]): string {
  const lines = poses.map(({ image, person, joints, jointScores, score }) =>
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
    }),
  );
  return lines.length === 0 ? '[]\n' : `[\n${lines.join(',\n')}\n]\n`;
}

function round(value: number, digits: number): number {
  return Math.round(value * digits) / digits;
}
