import { applySimilarity, fitSimilarity } from './similarityTransform.js';

/** Which joints an alignment uses: `exact`, those with a label; `mmpose`, all joints, whatever their labels hold. */
export type AlignmentVariant = 'exact' | 'mmpose';

/**
 * Mean per-joint position error of 3-D poses, `mean |x - y|` over all joints of positive weight, in the labels' unit.
 * It is protocol 1 of Human3.6M if both are relative to the root joint.
 * @param prediction [N, K, 3]
 * @param target [N, K, 3]
 * @param weights [N, K]
 * @returns NaN if no joint has weight
 */
export function mpjpe(prediction: ArrayLike<number>, target: ArrayLike<number>, weights: ArrayLike<number>): number {
  let sum = 0;
  let seen = 0;
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] <= 0) continue;
    const at = 3 * i;
    sum += Math.hypot(
      prediction[at] - target[at],
      prediction[at + 1] - target[at + 1],
      prediction[at + 2] - target[at + 2],
    );
    seen++;
  }
  return sum / seen;
}

/**
 * MPJPE after each pose is aligned to its label by the similarity (rotation, scale, shift; no reflection) of least
 * squared error: PA-MPJPE or P-MPJPE, protocol 2 of Human3.6M.
 * @param joints K
 */
export function paMpjpe(
  prediction: ArrayLike<number>,
  target: ArrayLike<number>,
  weights: ArrayLike<number>,
  joints: number,
  variant: AlignmentVariant = 'exact',
): number {
  const aligned = byPose(prediction, target, weights, joints, variant, (pose, label, weight) =>
    applySimilarity(fitSimilarity(pose, label, weight), pose),
  );
  return mpjpe(aligned, target, weights);
}

/**
 * MPJPE after each pose is multiplied by the scale of least squared error, `x <x, y> / <x, x>`: N-MPJPE (Rhodin et al.,
 * CVPR 2018). Predictions and labels must be relative to the root joint.
 * @param joints K
 */
export function nMpjpe(
  prediction: ArrayLike<number>,
  target: ArrayLike<number>,
  weights: ArrayLike<number>,
  joints: number,
  variant: AlignmentVariant = 'exact',
): number {
  const aligned = byPose(prediction, target, weights, joints, variant, (pose, label, weight) => {
    let product = 0;
    let square = 0;
    for (let i = 0; i < pose.length; i++) {
      product += weight[Math.floor(i / 3)] * pose[i] * label[i];
      square += weight[Math.floor(i / 3)] * pose[i] * pose[i];
    }
    const scale = square > 0 ? product / square : 0;
    return pose.map((value) => scale * value);
  });
  return mpjpe(aligned, target, weights);
}

type Align = (pose: Float64Array, label: Float64Array, weight: Float64Array) => Float64Array;

/** Aligns pose by pose. A pose without any label stays as it is, since none of its joints will count. */
function byPose(
  prediction: ArrayLike<number>,
  target: ArrayLike<number>,
  weights: ArrayLike<number>,
  joints: number,
  variant: AlignmentVariant,
  align: Align,
): Float64Array {
  const poses = Float64Array.from(prediction);
  const labels = Float64Array.from(target);
  const counted = Float64Array.from(weights, (w) => Number(variant === 'mmpose' || w > 0));
  for (let row = 0; row < counted.length; row += joints) {
    const weight = counted.subarray(row, row + joints);
    if (!weight.includes(1)) continue;
    const pose = poses.subarray(3 * row, 3 * (row + joints));
    poses.set(align(pose, labels.subarray(3 * row, 3 * (row + joints)), weight), 3 * row);
  }
  return poses;
}
