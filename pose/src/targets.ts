import { type Crop, decodeJoints, encodeJoints } from './crop.js';
import type { PoseSample } from './dataset.js';
import { planeOf } from './plane.js';

/** D: coordinates in the picture, or in space. */
export const DIMS = [2, 3] as const;
export type Dims = (typeof DIMS)[number];

/** Millimetres per unit of depth: the official code puts people of Human3.6M into a cube of this side. */
export const DEPTH_UNIT = 2000;

/** Sets the weight of joints [K, D] to 0 where a coordinate is beyond +-0.5, outside the crop or the cube. */
export function dropOutside(joints: ArrayLike<number>, weights: Float32Array | Float64Array): void {
  const dims = joints.length / weights.length;
  for (let i = 0; i < joints.length; i++) if (Math.abs(joints[i]) > 0.5) weights[Math.floor(i / dims)] = 0;
}

/**
 * Labels of a sample in 3-D, as the official code has them: x and y in crop units, and depths behind the root in units
 * of 2000 mm, whatever the crop's scale and turn are. A joint that is outside in any of the three coordinates weighs
 * nothing. Samples without depths may be in the same batch; their z is 0 and has weight 0.
 * @param order `flipOrder` of the schema
 * @param outJoints receives [K, 3]
 * @param outWeights receives [K, 3]
 * @param outside whether joints outside count all the same; the official code drops them
 */
export function encodeSpatialJoints(
  { joints, weights, spatial }: Pick<PoseSample, 'joints' | 'weights' | 'spatial'>,
  crop: Crop,
  order: ArrayLike<number>,
  outJoints: Float32Array,
  outWeights: Float32Array,
  outside: 'keep' | 'drop' = 'drop',
): void {
  const flat = new Float64Array(2 * weights.length);
  const own = new Float64Array(weights.length);
  encodeJoints(joints, weights, crop, order, flat, own);
  const points = new Float64Array(3 * own.length);
  for (let k = 0; k < own.length; k++) {
    const depth = spatial && own[k] > 0 ? spatial.depths[crop.mirrored ? order[k] : k] : 0;
    points.set([flat[2 * k], flat[2 * k + 1], depth / DEPTH_UNIT], 3 * k);
  }
  if (outside === 'drop') dropOutside(points, own);
  outJoints.set(points);
  own.forEach((weight, k) => {
    outWeights.set([weight, weight, spatial ? weight : 0], 3 * k);
  });
}

/**
 * Predictions in 3-D, the inverse of `encodeSpatialJoints`: x and y in pixels of the image, and depths in millimetres
 * behind joint 0, the root. The root's own predicted depth is subtracted from all, as in the official code.
 * @param prediction [K, 3]
 * @param order `flipOrder` of the schema
 * @param unit millimetres of a unit of depth
 */
export function decodeSpatialJoints(
  prediction: ArrayLike<number>,
  crop: Crop,
  order: ArrayLike<number>,
  unit = DEPTH_UNIT,
): Float64Array {
  const pixels = decodeJoints(planeOf(prediction, 3), crop, order);
  const joints = new Float64Array(prediction.length);
  for (let k = 0; 3 * k < joints.length; k++) {
    const source = crop.mirrored ? order[k] : k;
    const depth = unit * (prediction[3 * source + 2] - prediction[crop.mirrored ? 3 * order[0] + 2 : 2]);
    joints.set([pixels[2 * k], pixels[2 * k + 1], depth], 3 * k);
  }
  return joints;
}
