import { oksNms, softOksNms } from '../metrics/oksNms.js';
import type { JointSchema } from '../schema.js';
import { sigmasFor } from '../schemas/sigmas.js';
import type { PredictedPose } from './predictPoses.js';

/**
 * What happens to a pose that resembles a better one of its image: it is dropped (`hard`), or its score falls (`soft`).
 */
export const SUPPRESSIONS = ['hard', 'soft'] as const;
export type Suppression = (typeof SUPPRESSIONS)[number];

/** The threshold of the public codes. */
export const ALIKE = 0.9;

/**
 * Non-maximum suppression by OKS among the poses of each image and category, for a detector that may find a person
 * twice. Poses whose OKS with a better one is above `threshold` are dropped; with `soft` all poses stay, and the scores
 * of those that resemble better ones fall.
 * @returns the poses that are left, in their order
 * @throws DataError where the joints have no sigmas
 */
export function suppressAlike(
  poses: readonly PredictedPose[],
  schema: JointSchema,
  kind: Suppression,
  threshold = ALIKE,
): PredictedPose[] {
  const oksSigmas = sigmasFor(schema, '--nms');
  const groups = new Map<string, number[]>();
  poses.forEach(({ image, person }, i) => {
    const key = `${image.path}\n${person.category}`;
    groups.set(key, [...(groups.get(key) ?? []), i]);
  });
  const left: (PredictedPose | undefined)[] = poses.map(() => undefined);
  for (const members of groups.values()) {
    const scored = members.map((i) => {
      const { joints, score, area } = poses[i];
      return { keypoints: flat(joints), score, area };
    });
    if (kind === 'hard') for (const k of oksNms(scored, oksSigmas, threshold)) left[members[k]] = poses[members[k]];
    else {
      for (const { index, score } of softOksNms(scored, oksSigmas, threshold, scored.length)) {
        left[members[index]] = { ...poses[members[index]], score };
      }
    }
  }
  return left.filter((pose) => pose !== undefined);
}

/** `x, y, v` by joint, of which OKS reads x and y. */
function flat(joints: Float64Array): number[] {
  return Array.from({ length: (joints.length / 2) * 3 }, (_, i) =>
    i % 3 === 2 ? 1 : joints[2 * Math.floor(i / 3) + (i % 3)],
  );
}
