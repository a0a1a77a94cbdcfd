import { ShapeError } from '../errors.js';
import { mul, sub } from '../kernels/elementwise/arithmetic.js';
import { greater } from '../kernels/elementwise/comparison.js';
import { where } from '../kernels/elementwise/where.js';
import { expandDims } from '../kernels/layout/reshape.js';
import { broadcastTo } from '../kernels/reduction/sum.js';
import { checkOptions, type Kinds } from '../tensor/options.js';
import { formatShape, sameShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/** What a head predicts of B images, K joints, D coordinates. */
export interface Prediction {
  /** [B, K, D], in the units of the labels. */
  readonly mu: Tensor;
  /** [B, K, D], which `scale` turns into sigma; absent: sigma is 1 everywhere. */
  readonly logit?: Tensor;
}

/**
 * Labels of B images. Where the weight is 0 the target may be anything, NaN included. A weight that is negative or NaN counts as 0
 * on every device; `checkLabels` finds such ones on the host.
 */
export interface Labels {
  /** [B, K, D]. */
  readonly target: Tensor;
  /** [B, K, D] or [B, K, 1], >= 0; absent = all ones. */
  readonly weight?: Tensor;
}

const PREDICTION: Kinds<Prediction> = { mu: 'tensor', logit: 'tensor' };
const LABELS: Kinds<Labels> = { target: 'tensor', weight: 'tensor' };

/** Throws unless prediction and labels fit each other, and have no other names: misspelt ones would mean other losses. */
export function checkPrediction(prediction: Prediction, labels: Labels): void {
  checkOptions('rle', PREDICTION, prediction, 'part of a prediction');
  checkOptions('rle', LABELS, labels, 'part of labels');
  const { mu, logit } = prediction;
  const { target, weight } = labels;
  if (mu.rank !== 3 || !sameShape(mu.shape, target.shape)) {
    throw new ShapeError(
      `rle: mu ${formatShape(mu.shape)} and target ${formatShape(target.shape)} must both be [B, K, D]`,
    );
  }
  if (logit && !sameShape(logit.shape, mu.shape)) {
    throw new ShapeError(`rle: logit ${formatShape(logit.shape)} must have the shape of mu ${formatShape(mu.shape)}`);
  }
  const [B, K] = mu.shape;
  if (weight && !sameShape(weight.shape, mu.shape) && !sameShape(weight.shape, [B, K, 1])) {
    throw new ShapeError(
      `rle: weight ${formatShape(weight.shape)} must be [B, K, D] or [B, K, 1] for mu ${formatShape(mu.shape)}`,
    );
  }
}

/** `mu - target`, and 0 where the weight is 0. It selects instead of multiplying, because 0 * NaN is NaN. */
export function maskedDifference(mu: Tensor, labels: Labels): Tensor {
  checkPrediction({ mu }, labels);
  const { target, weight } = labels;
  return weight ? where(greater(weight, 0), sub(mu, target), 0) : sub(mu, target);
}

/** The product of the labels' weights and those of the joints, [K]; undefined where there are neither. */
export function weightOf({ mu }: Prediction, { weight }: Labels, jointWeights: Tensor | undefined): Tensor | undefined {
  if (!jointWeights) return weight;
  const perJoint = expandDims(jointWeights, { axis: -1 });
  return weight ? mul(weight, perJoint) : broadcastTo(perJoint, { shape: [...mu.shape.slice(0, 2), 1] });
}
