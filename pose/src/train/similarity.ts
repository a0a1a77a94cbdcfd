import { BOX_SHARE } from '../coco/areas.js';
import { decodeJoints } from '../crop.js';
import { type Keypoints, oks } from '../metrics/oks.js';
import { flipOrder, type JointSchema } from '../schema.js';
import type { LoadedSample } from './samples.js';

/**
 * OKS [N] of predictions [N, K, 2] in crop units with the true joints of the samples. Samples have no segments, so the
 * area is 0.53 of the tight box, as in CrowdPose's evaluation; on COCO the result is near COCO's own OKS but not equal
 * to it. NaN for joints without sigmas.
 */
export function similarities(schema: JointSchema, samples: readonly LoadedSample[], mu: Float64Array): Float64Array {
  const order = flipOrder(schema);
  const points = 2 * order.length;
  const { oksSigmas } = schema;
  if (!oksSigmas) return new Float64Array(samples.length).fill(Number.NaN);
  return Float64Array.from(samples, ({ crop, box, clean, joints, weights }, n) => {
    const predicted = decodeJoints(mu.subarray(n * points, (n + 1) * points), crop, order);
    const truth = { keypoints: keypoints(clean ?? joints, weights), area: BOX_SHARE * box[2] * box[3], box };
    return oks(truth, keypoints(predicted, weights), oksSigmas);
  });
}

/** Joints [K, 2] as COCO writes them. */
function keypoints(joints: ArrayLike<number>, weights: ArrayLike<number>): Keypoints {
  return Array.from(weights, (weight, k) => [joints[2 * k], joints[2 * k + 1], weight > 0 ? 2 : 0]).flat();
}
