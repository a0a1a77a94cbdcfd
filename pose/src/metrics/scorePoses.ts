import type { Box } from '../dataset.js';
import type { JointSchema } from '../schema.js';
import { jointDistances, meanError, normLengths, pck } from './pck.js';
import { excludedOf, pckh } from './pckh.js';

/** The scores of one predictor on one split, as tables and reports show them. PCK is a fraction in [0, 1]. */
export interface PoseScore {
  /** PCK at 0.1, 0.2 and 0.5 of `normLengths`. */
  readonly pck10: number;
  readonly pck20: number;
  readonly pck50: number;
  /** MPII's PCKh at 0.5; absent where no head is annotated. */
  readonly pckh50?: number;
  /** Mean distance in units of the crop's side. */
  readonly error: number;
  /** One row per joint. */
  readonly joints: readonly {
    readonly name: string;
    readonly pck10: number;
    readonly pck20: number;
    readonly error: number;
  }[];
}

/**
 * Scores predictions against targets, both [N, K, 2] in image pixels.
 * @param weights [N, K]
 * @param boxes [N]: the tight boxes of the people in pixels
 * @param sides [N]: the longer side of each image's crop in pixels
 * @param heads [N]: lengths of heads in pixels (see `headSizes`), NaN where one is not known
 */
export function scorePoses(
  schema: JointSchema,
  prediction: ArrayLike<number>,
  target: ArrayLike<number>,
  weights: ArrayLike<number>,
  boxes: readonly Box[],
  sides: ArrayLike<number>,
  heads?: ArrayLike<number>,
): PoseScore {
  const count = schema.joints.length;
  const distances = jointDistances(prediction, target);
  const lengths = normLengths(schema, target, weights, boxes);
  const at10 = pck(distances, weights, lengths, 0.1);
  const at20 = pck(distances, weights, lengths, 0.2);
  const column = (values: ArrayLike<number>, k: number) =>
    Float64Array.from({ length: sides.length }, (_, n) => values[n * count + k]);
  return {
    pck10: at10.mean,
    pck20: at20.mean,
    pck50: pck(distances, weights, lengths, 0.5).mean,
    ...(heads && { pckh50: pckh(distances, weights, heads, 0.5, excludedOf(schema.joints)).mean }),
    error: meanError(distances, weights, sides),
    joints: schema.joints.map((name, k) => ({
      name,
      pck10: at10.perJoint[k],
      pck20: at20.perJoint[k],
      error: meanError(column(distances, k), column(weights, k), sides),
    })),
  };
}
