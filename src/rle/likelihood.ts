import { ShapeError } from '../errors.js';
import { add, div, mul, sub } from '../kernels/elementwise/arithmetic.js';
import { greater } from '../kernels/elementwise/comparison.js';
import { log } from '../kernels/elementwise/unary.js';
import { where } from '../kernels/elementwise/where.js';
import { expandDims } from '../kernels/layout/reshape.js';
import { formatShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Flow } from './flows/flow.js';
import { type LogSMethod, type LogSNodes, type LogSOptions, logNormaliser } from './logS.js';
import { type StandardDensity, standardNegLog } from './standardDensity.js';
import { type Labels, type Prediction, perImage, type SigmaOptions, standardise, weightOf } from './standardise.js';

/**
 * What the flow is the density of (Li et al., 2021, section 3). `direct`: (a), of the label itself, moved from the base
 * around mu; `reparameterised`: (b), DLE, of the error in units of sigma; `residual`: (c), RLE, of what a simple density
 * Q leaves unexplained of that error.
 */
export type Design = 'direct' | 'reparameterised' | 'residual';

export interface LikelihoodOptions extends SigmaOptions, Partial<LogSOptions> {
  /** Default `residual`. */
  readonly design?: Design;
  /** Q of `residual`, default `laplace`. The other designs have the flow's base in its place. */
  readonly q?: StandardDensity;
  /**
   * Whether `residual` normalises Q G, default `none`, as all public codes: the flow then learns the whole density of the
   * error, with log s what Q lacks. The methods draw from `rng`; nodes that were drawn before, as a batch is, also serve.
   */
  readonly logS?: 'none' | LogSMethod | LogSNodes;
  /** [K]: a factor per joint, on top of the labels' weights. */
  readonly jointWeights?: Tensor;
  /** [] or [D]: the error is measured in units of `sigma errorScale`; see `runningErrorScale`. */
  readonly errorScale?: Tensor;
}

/**
 * Negative log-likelihood of labels under one of the three designs, `L = sum w (-log p(target)) / B`, counted as the
 * equations have it, `e = (mu - target) / sigma`:
 *
 *     direct            log sigma - log base((mu - z) / sigma) - log |det dz/dtarget|,   z = f^-1(target)
 *     reparameterised   log sigma - log G(e)
 *     residual          log sigma - log G(e) - log Q(e) - log s
 *
 * Terms of a joint weigh as the mean of its coordinates' weights. For the public codes' arithmetic see `rle` and `dle`.
 *
 * @param flow over R^D, or over [K, D] with a density per joint
 * @throws ShapeError if shapes do not fit, or log s is to be drawn without `rng`
 */
export function likelihood<P>(
  prediction: Prediction,
  labels: Labels,
  flow: Flow<P>,
  params: P,
  options: LikelihoodOptions = {},
): Tensor {
  checkPoints(prediction, flow);
  const weight = weightOf(labels, options.jointWeights);
  const terms = TERMS[options.design ?? 'residual'](prediction, labels, flow, params, options);
  return perImage(terms, weight);
}

type Terms = <P>(
  prediction: Prediction,
  labels: Labels,
  flow: Flow<P>,
  params: P,
  options: LikelihoodOptions,
) => Tensor;

/** `-log p` [B, K, D]; what belongs to a whole joint is spread evenly over its coordinates. */
const TERMS: Readonly<Record<Design, Terms>> = {
  direct(prediction, labels, flow, params, options) {
    const [z, logDet] = flow.inverse(params, observed(labels));
    const { error, logSigma } = scaled(prediction, { ...labels, target: z }, options);
    return sub(add(logSigma, standardNegLog(flow.base, error)), share(logDet, error));
  },
  reparameterised(prediction, labels, flow, params, options) {
    const { error, logSigma } = scaled(prediction, labels, options);
    return sub(logSigma, share(flow.logProb(params, error), error));
  },
  residual(prediction, labels, flow, params, options) {
    const { error, logSigma } = scaled(prediction, labels, options);
    const logG = flow.logProb(params, error);
    const normaliser = logNormaliser(flow, params, error.device, options);
    const ofJoint = normaliser ? add(logG, normaliser) : logG;
    return sub(add(logSigma, standardNegLog(options.q ?? 'laplace', error)), share(ofJoint, error));
  },
};

function scaled(
  prediction: Prediction,
  labels: Labels,
  options: LikelihoodOptions,
): { error: Tensor; logSigma: Tensor } {
  const { error, logSigma } = standardise(prediction, labels, options);
  const { errorScale } = options;
  return errorScale ? { error: div(error, errorScale), logSigma: add(logSigma, log(errorScale)) } : { error, logSigma };
}

function share(perJoint: Tensor, { shape }: Tensor): Tensor {
  return mul(expandDims(perJoint, { axis: -1 }), 1 / shape[2]);
}

/** Targets without what the weights say is not there: the flow must not see NaN. */
function observed({ target, weight }: Labels): Tensor {
  return weight ? where(greater(weight, 0), target, 0) : target;
}

function checkPoints<P>({ mu }: Prediction, { pointShape }: Flow<P>): void {
  const got = mu.shape.slice(-pointShape.length);
  if (mu.rank === 3 && got.every((n, i) => n === pointShape[i])) return;
  throw new ShapeError(
    `likelihood: mu ${formatShape(mu.shape)} must be [B, K, D] and end as the flow's points do, ${formatShape(pointShape)}`,
  );
}
