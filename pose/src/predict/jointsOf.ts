import type { PoseCheckpoint } from '../checkpoints/poseCheckpoint.js';
import { coco17, crowdpose14, type JointSchema } from '../schema.js';
import { SCHEMAS } from '../schemas/known.js';
import { withoutNames } from '../schemas/withoutNames.js';

/**
 * The joint schema of a checkpoint: what wgrad stored in it. Other codes store none: 17 joints are taken for COCO's, 14 for
 * CrowdPose's if mmpose named the tensors, and another number for those of the known schema that has it. Joints of which nothing
 * is known have neither limbs nor sides.
 */
export function jointsOf({ naming, architecture: { joints }, schema }: PoseCheckpoint): JointSchema {
  if (schema) return schema;
  if (joints === coco17.joints.length) return coco17;
  const fitting = SCHEMAS.filter((known) => known.joints.length === joints);
  if (fitting.length === 1) return fitting[0];
  return naming === 'mmpose' && joints === crowdpose14.joints.length ? crowdpose14 : withoutNames(joints);
}
