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

export interface SigmaOptions {
  /**
   * Default `sigmoid`, as in the paper, for labels whose unit is the size of the picture. Where errors may exceed 1 in the
   * unit of the labels it cannot tell so: `sigmaSaturation` shows sigmas at their ceiling. Take `softplus` then.
   */
  readonly scale?: Scale;
  /**
   * The smallest sigma that is told apart, default 1e-5: logits are clamped where sigma reaches it, and have no gradient
   * below. A likelihood is unbounded where sigma may reach 0. The official code has no floor.
   */
  readonly sigmaFloor?: number;
}

const SIGMA_FLOOR = 1e-5;

/** Sigma as likelihoods need it. */
export interface SigmaTerms {
  readonly logSigma: Expression;
  readonly inverseSigma: Expression;
}

interface ScaleForm {
  /** From a logit that may be very negative: `log(sigmoid(a))` itself is -infinity in float32 from a = -88 on. */
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

/** How near to a bound a sigma is at it, as a share. */
const AT_BOUND = 0.01;

/**
 * The shares of sigmas that are within 1 % of their floor, and of their ceiling, 1 for `sigmoid`. At the floor a network says that
 * it is surer than can be told apart; at the ceiling, that errors are larger than sigma can be: give labels a larger unit, or
 * take `scale: 'softplus'`.
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
