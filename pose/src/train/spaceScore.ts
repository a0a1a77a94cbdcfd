import { cameraPoints } from '../cameraPoints.js';
import { mpjpe, paMpjpe } from '../metrics/mpjpe.js';
import { planeOf } from '../plane.js';
import { flipOrder, type JointSchema } from '../schema.js';
import { H36M_THORAX, h36m18 } from '../schemas/h36m18.js';
import { decodeSpatialJoints } from '../targets.js';
import type { LoadedSample } from './samples.js';

/** How far poses are off in space, in millimetres; NaN where no sample knows depths. */
export interface SpaceScore {
  readonly mpjpe: number;
  readonly paMpjpe: number;
}

/**
 * MPJPE and PA-MPJPE of predictions [N, K, 3] in the units of training, over the samples with labels in space. The
 * label's camera and its root's depth take predictions back to space, as in `readPosePairs3d`.
 */
export function scoreInSpace(schema: JointSchema, samples: readonly LoadedSample[], space: Float64Array): SpaceScore {
  const joints = schema.joints.length;
  const order = flipOrder(schema);
  const [prediction, target] = [0, 1].map(() => new Float64Array(samples.length * joints * 3));
  const weights = new Float64Array(samples.length * joints);
  samples.forEach(({ joints: pixels, weights: own, spatial, crop }, n) => {
    if (!spatial) return;
    const at = 3 * n * joints;
    const seen = decodeSpatialJoints(space.subarray(at, at + 3 * joints), crop, order);
    const depths = seen.filter((_, i) => i % 3 === 2);
    prediction.set(cameraPoints(planeOf(seen, 3), depths, spatial), at);
    target.set(cameraPoints(pixels, spatial.depths, spatial), at);
    weights.set(own, n * joints);
    if (schema.name === h36m18.name) weights[n * joints + H36M_THORAX] = 0;
  });
  return {
    mpjpe: mpjpe(prediction, target, weights),
    paMpjpe: paMpjpe(prediction, target, weights, joints),
  };
}
