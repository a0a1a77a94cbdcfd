import { add, div, mul, sub } from '../kernels/elementwise/arithmetic.js';
import { abs } from '../kernels/elementwise/unary.js';
import { expandDims } from '../kernels/layout/reshape.js';
import { slice } from '../kernels/layout/slice.js';
import type { Tensor } from '../tensor/tensor.js';
import { CODE_EPSILON, type Density, HALF_LOG_2PI, NEG_LOG } from './density.js';
import * as realNvp from './realNvp.js';
import type { RleTerms, Variant } from './rleTerms.js';
import {
  type Labels,
  type Prediction,
  perImage,
  type SigmaOptions,
  type Standardised,
  standardise,
} from './standardise.js';

export type ComposedOptions = Omit<RleTerms, 'floor'> & SigmaOptions & realNvp.CouplingOptions;

/** `rle` or `dle` composed of ops: what the fused form is held against, its second derivatives, and every other case. */
export function composedRle(
  prediction: Prediction,
  labels: Labels,
  flow: realNvp.RealNvpParams,
  options: ComposedOptions,
): Tensor {
  const { variant, q, residual } = options;
  const s = standardise(prediction, labels, options);
  const flowTerm = perImage(sub(s.logSigma, logPhi(s, flow, variant, options)), flowWeight(labels.weight, variant));
  return residual ? add(flowTerm, perImage(BASE[variant](s, q), labels.weight)) : flowTerm;
}

/**
 * The codes subtract log phi [B, K, 1] from log sigma [B, K, D] and sum, which counts it D times: kept on request, since
 * their published weights were trained so. The paper's share of each coordinate is 1/D.
 */
function logPhi(
  s: Standardised,
  flow: realNvp.RealNvpParams,
  variant: Variant,
  options: realNvp.CouplingOptions,
): Tensor {
  const error = variant === 'mmpose' ? guarded(s) : s.error;
  const perJoint = expandDims(realNvp.logProb(flow, error, options), { axis: -1 });
  return variant === 'paper' ? mul(perJoint, 1 / s.error.shape[2]) : perJoint;
}

/** `(mu - target) / (sigma + epsilon)`, mmpose's; its log sigma has no epsilon. */
function guarded({ error, inverseSigma }: Standardised): Tensor {
  return div(error, add(mul(inverseSigma, CODE_EPSILON), 1));
}

/** The official 2-D code weights the flow's term by the weight of x alone. */
function flowWeight(weight: Tensor | undefined, variant: Variant): Tensor | undefined {
  if (!weight || variant !== 'official' || weight.shape[2] === 1) return weight;
  return slice(weight, { begin: [0, 0, 0], end: [weight.shape[0], weight.shape[1], 1] });
}

/** `-log Q` [B, K, D] of each variant. Both codes put log sigma into Q as well, so that it counts twice. */
const BASE: Readonly<Record<Variant, (s: Standardised, q: Density) => Tensor>> = {
  official: (s, q) => (q === 'laplace' ? officialLaplace(s) : add(s.logSigma, NEG_LOG[q](s.error))),
  mmpose: (s, q) => add(s.logSigma, NEG_LOG[q](guarded(s))),
  paper: (s, q) => NEG_LOG[q](s.error),
};

/** `log(sigma sqrt(2 pi)) + |mu - target| / (sqrt(2) sigma + epsilon)`: a Laplace exponent with a normal's constant. */
export function officialLaplace({ error, logSigma, inverseSigma }: Standardised): Tensor {
  const scale = add(mul(inverseSigma, CODE_EPSILON), Math.SQRT2);
  return add(add(logSigma, HALF_LOG_2PI), div(abs(error), scale));
}
