import { DataError } from 'wgrad';
import type { PoseCheckpoint } from '../checkpoints/poseCheckpoint.js';
import { coco17, crowdpose14, type JointSchema, lsp14 } from '../schema.js';
import { SCHEMAS } from '../schemas/known.js';
import { withoutNames } from '../schemas/withoutNames.js';

/**
 * The joint schema of a checkpoint. A file does not say what its joints are: 17 are taken for COCO's; 14 for
 * CrowdPose's if mmpose named the tensors, otherwise for LSP's, which wgrad's own runs have. Other numbers give joints
 * without limbs and sides.
 * @param name the schema to use instead
 * @throws DataError where the schema is unknown or has another number of joints
 */
export function jointsOf({ path, naming, architecture }: PoseCheckpoint, name?: string): JointSchema {
  const { joints: count } = architecture;
  if (name !== undefined) {
    const asked = SCHEMAS.find((schema) => schema.name === name);
    if (asked?.joints.length === count) return asked;
    const fitting = SCHEMAS.filter(({ joints }) => joints.length === count).map((schema) => schema.name);
    throw new DataError(
      `--joints ${name}: ${path} has ${count} joints; ${fitting.length > 0 ? `give ${fitting.join(' or ')}` : 'no schema has'}`,
    );
  }
  const usual = [coco17, naming === 'mmpose' ? crowdpose14 : lsp14, ...SCHEMAS];
  return usual.find(({ joints }) => joints.length === count) ?? withoutNames(count);
}
