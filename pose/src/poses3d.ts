import { DataError } from 'wgrad';
import { counted, excerptOfList } from 'wgrad/io';

/** 3-D poses of a file. */
export interface Poses3d {
  readonly file: string;
  readonly count: number;
  readonly joints: number;
  /** [N, K, 3]; 0 where a joint is null. */
  readonly points: Float64Array;
  /** [N, K]: 0 where a joint is null, else 1. */
  readonly weights: Float64Array;
}

/**
 * The 3-D poses that a file's JSON holds: a list [N, K, 3] of millimetres, with null for a joint that has no label.
 * @throws DataError naming file, pose and joint
 */
export function poses3dOf(list: unknown, file: string): Poses3d {
  if (!Array.isArray(list) || list.length === 0 || !Array.isArray(list[0]) || list[0].length === 0) {
    throw new DataError(`${file}: expected a list of poses [[[x, y, z], ...], ...] in millimetres`);
  }
  const joints = list[0].length;
  const points = new Float64Array(list.length * joints * 3);
  const weights = new Float64Array(list.length * joints);
  list.forEach((pose: unknown, n) => {
    if (!Array.isArray(pose) || pose.length !== joints) {
      throw new DataError(`${file}: pose ${n}: expected ${counted(joints, 'joint')} as in pose 0`);
    }
    pose.forEach((joint: unknown, k) => {
      if (joint === null) return;
      if (!Array.isArray(joint) || joint.length !== 3 || !joint.every(Number.isFinite)) {
        throw new DataError(`${file}: pose ${n}, joint ${k}: expected [x, y, z] or null, got ${excerptOfList(joint)}`);
      }
      points.set(joint, 3 * (n * joints + k));
      weights[n * joints + k] = 1;
    });
  });
  return { file, count: list.length, joints, points, weights };
}
