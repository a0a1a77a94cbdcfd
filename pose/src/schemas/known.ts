import { coco17, crowdpose14, type JointSchema, lsp14 } from '../schema.js';
import { h36m18 } from './h36m18.js';
import { plainName } from './jointNames.js';
import { mpii16 } from './mpii16.js';
import { posetrack18 } from './posetrack18.js';

/** All schemas that wgrad knows. */
export const SCHEMAS: readonly JointSchema[] = [coco17, crowdpose14, lsp14, mpii16, h36m18, posetrack18];

/** The known schema with these joints in this order, however they are spelled; undefined if there is none. */
export function knownWith(joints: readonly string[]): JointSchema | undefined {
  return SCHEMAS.find((schema) => haveSameJoints(schema, { joints }));
}

/** Whether two schemas have the same joints in the same order. */
export function haveSameJoints(a: Pick<JointSchema, 'joints'>, b: Pick<JointSchema, 'joints'>): boolean {
  return a.joints.map(plainName).join() === b.joints.map(plainName).join();
}
