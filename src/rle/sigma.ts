import { ShapeError } from '../errors.js';
import { maximum } from '../kernels/elementwise/arithmetic.js';
import { sigmoid, softplus } from '../kernels/elementwise/unary.js';
import { scope } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Expression } from './formula/expression.js';
import * as of from './formula/expression.js';

/**
 * How sigma comes from its logit a: `sigmoid`, 1 / (1 + e^-a), is below 1 whatever a is; `softplus`, log(1 + e^a), has no
 * ceiling.
 */
export type Scale = 'sigmoid' | 'softplus';

/** How sigma follows from the logit of a prediction. */
export interface SigmaOptions {
  /**
   * Default `sigmoid`, as in the paper, for labels in units of the picture's size. Where errors may exceed 1 in the
   * labels' unit, a sigmoid cannot express it: `sigmaSaturation` then shows sigmas at their ceiling, and `softplus` is
   * right.
   */
  readonly scale?: Scale;
  /**
   * The smallest sigma, default 1e-5: logits are clamped where sigma reaches it, and get no gradient below. If sigma
   * could reach 0, the likelihood would be unbounded. The official code has no floor.
   */
  readonly sigmaFloor?: number;
}

const SIGMA_FLOOR = 1e-5;

/** Sigma in the forms that likelihoods need. */
export interface SigmaTerms {
  readonly logSigma: Expression;
  readonly inverseSigma: Expression;
}

interface ScaleForm {
  /**
   * The terms for any logit, even a very negative one: `log(sigmoid(a))` computed directly is -infinity in float32 from
   * a = -88 on.
   */
  terms(a: Expression): SigmaTerms;
  sigma(a: Tensor): Tensor;
  /** The logit at which sigma is `value`. */
  logitOf(value: number): number;
}

const SCALES: Readonly<Record<Scale, ScaleForm>> = {
  sigmoid: {
    terms: (a) => ({ logSigma: of.neg(of.softplus(of.neg(a))), inverseSigma: of.add(of.exp(of.neg(a)), 1) }),
    sigma: sigmoid,
    logitOf: (value) => Math.log(value) - Math.log1p(-value),
  },
  softplus: {
    terms: (a) => ({ logSigma: of.log(of.softplus(a)), inverseSigma: of.div(1, of.softplus(a)) }),
    sigma: softplus,
    logitOf: (value) => Math.log(Math.expm1(value)),
  },
};

/** The terms of sigma, and the logit at its floor. */
export function sigmaTerms({ scale = 'sigmoid', sigmaFloor = SIGMA_FLOOR }: SigmaOptions): {
  readonly terms: ScaleForm['terms'];
  readonly floor: number;
} {
  const form = SCALES[scale];
  if (!form) throw new ShapeError(`rle: scale must be ${Object.keys(SCALES).join(' or ')}, got ${scale}`);
  if (!(sigmaFloor > 0 && sigmaFloor < 1)) {
    throw new ShapeError(`rle: sigmaFloor must lie between 0 and 1, got ${sigmaFloor}`);
  }
  return { terms: form.terms, floor: form.logitOf(sigmaFloor) };
}

/** Sigma from its logit, not below the floor; elementwise. */
export function sigmaOf(logit: Tensor, options: SigmaOptions = {}): Tensor {
  const { floor } = sigmaTerms(options);
  return SCALES[options.scale ?? 'sigmoid'].sigma(maximum(logit, floor));
}

/** A sigma counts as at a bound if it is within this share of it. */
const AT_BOUND = 0.01;

/**
 * The shares of sigmas within 1 % of their floor and of their ceiling (1 for `sigmoid`). At the floor, the network
 * claims to be surer than the smallest sigma can express. At the ceiling, errors are larger than sigma can be: give
 * labels a larger unit, or use `scale: 'softplus'`.
 */
export async function sigmaSaturation(
  logit: Tensor,
  options: SigmaOptions = {},
): Promise<{ readonly atFloor: number; readonly atCeiling: number }> {
  const { sigmaFloor = SIGMA_FLOOR, scale = 'sigmoid' } = options;
  const sigmas = scope(() => sigmaOf(logit, options));
  const data = await sigmas.data();
  sigmas.dispose();
  const share = (is: (sigma: number) => boolean) => data.filter(is).length / data.length;
  return {
    atFloor: share((sigma) => sigma <= sigmaFloor * (1 + AT_BOUND)),
    atCeiling: scale === 'sigmoid' ? share((sigma) => sigma >= 1 - AT_BOUND) : 0,
  };
}
