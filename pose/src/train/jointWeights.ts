import { DataError } from 'wgrad';
import { counted } from 'wgrad/io';
import type { JointSchema } from '../schema.js';

/** Weights that need no list: 1 for every joint, or those of the joint schema. */
export const JOINT_WEIGHTS = ['equal', 'schema'] as const;

/** How joints count in the loss. */
export interface LossWeights {
  /** Factors on the loss of each joint: 1, those of the joint schema, or this list; metrics ignore them. */
  readonly jointWeights: (typeof JOINT_WEIGHTS)[number] | readonly number[];
}

/**
 * Factors on the loss of each joint, [K]; undefined if all are 1.
 * @throws DataError where the weights are for other joints
 */
export function jointWeightsOf(
  { name, joints, jointWeights }: JointSchema,
  { jointWeights: wanted }: LossWeights,
): readonly number[] | undefined {
  if (wanted === 'equal') return undefined;
  const weights = wanted === 'schema' ? jointWeights : wanted;
  if (weights?.length === joints.length) return weights;
  const got = weights ? counted(weights.length, 'number') : `${name} has none of its own`;
  throw new DataError(
    `--joint-weights ${wanted}: ${got}; give ${joints.length}, for the joints of ${name}: ${joints.join(', ')}`,
  );
}

/**
 * Multiplies the weights of a batch's labels, [B, K, ...], by those of the joints, in place. The result is not divided
 * by their sum: as in mmpose, a loss is the weighted sum over joints and the mean over images.
 */
export function weighJoints<B extends { readonly weight: Float32Array }>(
  batch: B,
  weights: readonly number[] | undefined,
  count: number,
): B {
  if (!weights) return batch;
  const { weight } = batch;
  const each = weight.length / (count * weights.length);
  for (let i = 0; i < weight.length; i++) weight[i] *= weights[Math.floor(i / each) % weights.length];
  return batch;
}
