import { DataError } from 'wgrad';
import { coco17, crowdpose14, type JointSchema, lsp14 } from '../schema.js';
import { h36m18 } from '../schemas/h36m18.js';
import { mpii16 } from '../schemas/mpii16.js';
import type { CocoGroundTruth } from './groundTruth.js';

/** All schemas that wgrad knows. */
export const SCHEMAS: readonly JointSchema[] = [coco17, crowdpose14, lsp14, mpii16, h36m18];

/**
 * The schema of a file's keypoints: the one with the joint names of its categories; for any other 17 names, COCO's.
 * @throws DataError if there is none
 */
export function schemaOf({ file, categories, joints }: CocoGroundTruth): JointSchema {
  for (const names of categories.values()) {
    const schema = SCHEMAS.find((known) => names?.join() === known.joints.join());
    if (schema) return schema;
  }
  if (joints === coco17.joints.length || joints === 0) return coco17;
  const known = SCHEMAS.map((schema) => schema.name).join(', ');
  throw new DataError(
    `${file}: ${joints} keypoints of an unknown kind, whose sigmas and torso are not known; known by the names in ` +
      `categories[].keypoints are ${known}`,
  );
}
