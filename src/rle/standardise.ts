import { ShapeError } from '../errors.js';
import { add, div, maximum, mul, neg, sub } from '../kernels/elementwise/arithmetic.js';
import { greater } from '../kernels/elementwise/comparison.js';
import { exp, log1p, softplus } from '../kernels/elementwise/unary.js';
import { where } from '../kernels/elementwise/where.js';
import { expandDims } from '../kernels/layout/reshape.js';
import { sum } from '../kernels/reduction/sum.js';
import { broadcastShapes, formatShape, sameShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/** What a head predicts of B images, K joints, D coordinates; sigma = sigmoid(logit). */
export interface Prediction {
  /** [B, K, D], in the units of the labels. */
  readonly mu: Tensor;
  /** [B, K, D]. */
  readonly logit: Tensor;
}

/** What the data set says. Where the weight is 0 the target may be anything, NaN included. */
export interface Labels {
  /** [B, K, D]. */
  readonly target: Tensor;
  /** [B, K, D] or [B, K, 1], >= 0; absent = all ones. */
  readonly weight?: Tensor;
}

export interface SigmaOptions {
  /**
   * The smallest sigma that is told apart: logits are clamped where sigmoid reaches it, and have no gradient below.
   * A likelihood is unbounded where sigma may reach 0. The official code has no floor.
   */
  readonly sigmaFloor?: number;
}

/** Error in units of sigma, with the pieces that likelihoods are made of; finite where the weight is 0. */
export interface Standardised {
  /** `(mu - target) / sigma`: the code's sign, minus the paper's residual. */
  readonly error: Tensor;
  readonly logSigma: Tensor;
  readonly inverseSigma: Tensor;
}

export const SIGMA_FLOOR = 1e-5;

/** The logit at which sigma reaches its floor. */
export function floorLogit(sigmaFloor: number): number {
  return Math.log(sigmaFloor) - Math.log1p(-sigmaFloor);
}

/** Throws unless prediction and labels fit each other. */
export function checkLoss({ mu, logit }: Prediction, labels: Labels, sigmaFloor: number): void {
  checkLabelShapes(mu, labels);
  if (!sameShape(logit.shape, mu.shape)) {
    throw new ShapeError(`loss: logit ${formatShape(logit.shape)} must have the shape of mu ${formatShape(mu.shape)}`);
  }
  if (!(sigmaFloor > 0 && sigmaFloor < 1)) {
    throw new ShapeError(`loss: sigmaFloor must lie between 0 and 1, got ${sigmaFloor}`);
  }
}

/**
 * `e = (mu - target) / sigma` from logits: `log sigma = -softplus(-a)` and `1 / sigma = 1 + exp(-a)` stay finite where
 * `log(sigmoid(a))` underflows.
 *
 * @param epsilon is added to sigma, as the official 3-D code does
 */
export function standardise(
  { mu, logit }: Prediction,
  labels: Labels,
  { sigmaFloor = SIGMA_FLOOR }: SigmaOptions = {},
  epsilon = 0,
): Standardised {
  checkLoss({ mu, logit }, labels, sigmaFloor);
  const difference = maskedDifference(mu, labels);
  const negated = neg(whereOn(labels, maximum(logit, floorLogit(sigmaFloor))));
  const logSigma = neg(softplus(negated));
  const inverseSigma = add(exp(negated), 1);
  if (epsilon === 0) return { error: mul(difference, inverseSigma), logSigma, inverseSigma };
  const grown = mul(inverseSigma, epsilon);
  const inverse = div(inverseSigma, add(grown, 1));
  return { error: mul(difference, inverse), logSigma: add(logSigma, log1p(grown)), inverseSigma: inverse };
}

/** `mu - target`, zero where the weight is: selected, not multiplied, because 0 * NaN is NaN. */
export function maskedDifference(mu: Tensor, labels: Labels): Tensor {
  checkLabelShapes(mu, labels);
  return whereOn(labels, sub(mu, labels.target));
}

function checkLabelShapes(mu: Tensor, labels: Labels): void {
  if (mu.rank !== 3 || !sameShape(mu.shape, labels.target.shape)) {
    throw new ShapeError(
      `loss: mu ${formatShape(mu.shape)} and target ${formatShape(labels.target.shape)} must both be [B, K, D]`,
    );
  }
  const { weight } = labels;
  if (weight && !sameShape(broadcastShapes('loss', weight.shape, mu.shape), mu.shape)) {
    throw new ShapeError(
      `loss: weight ${formatShape(weight.shape)} must be [B, K, D] or [B, K, 1] for mu ${formatShape(mu.shape)}`,
    );
  }
}

function whereOn({ weight }: Labels, x: Tensor): Tensor {
  return weight ? where(greater(weight, 0), x, 0) : x;
}

/** The labels' weights times those of the joints, [K]; undefined where there are neither. */
export function weightOf({ weight }: Pick<Labels, 'weight'>, jointWeights: Tensor | undefined): Tensor | undefined {
  if (!jointWeights) return weight;
  const perJoint = expandDims(jointWeights, { axis: -1 });
  return weight ? mul(weight, perJoint) : perJoint;
}

/** `sum(weight * terms) / B`, terms [B, K, D]: the official normalisation, by the batch size alone. */
export function perImage(terms: Tensor, weight?: Tensor): Tensor {
  const weighted = weight ? mul(where(greater(weight, 0), terms, 0), weight) : terms;
  return mul(sum(weighted), 1 / terms.shape[0]);
}
