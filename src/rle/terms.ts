import type { Tensor } from '../tensor/tensor.js';
import { densityForm, nameOfDensity, type StandardDensity } from './density.js';
import { add, atLeast, constant, div, type Expression, log, mul, sub, wherePositive } from './formula/expression.js';
import { evaluate } from './formula/jointwise.js';
import type { Prediction } from './prediction.js';
import type { SigmaTerms } from './sigma.js';
import type { Variant } from './variants.js';

/** How sigma, the error and the loss are computed. */
export interface Arithmetic {
  readonly variant: Variant;
  /** Names the variant and how sigma is made; it distinguishes the formulas. */
  readonly name: string;
  /** Sigma from its logit. */
  readonly sigma: (logit: Expression) => SigmaTerms;
  /** The smallest logit; smaller ones are clamped to it. */
  readonly floor: number;
}

/** What the formulas below call their operands, for one coordinate of one joint. */
interface Names {
  readonly logit?: Expression | undefined;
  readonly floor: Expression;
  readonly errorScale?: Expression | undefined;
  readonly weight?: Expression | undefined;
}

/** Sigma. Where the weight is 0 the logit is replaced by 0, so that no term becomes infinite. */
function sigmaIn({ variant, sigma }: Arithmetic, { logit, floor, errorScale, weight = ONE }: Names): SigmaTerms {
  if (!logit) return { logSigma: constant(0), inverseSigma: ONE };
  const { logSigma, inverseSigma } = variant.sigma(sigma(wherePositive(weight, atLeast(logit, floor))));
  if (!errorScale) return { logSigma, inverseSigma };
  return { logSigma: add(logSigma, log(errorScale)), inverseSigma: div(inverseSigma, errorScale) };
}

/** `e = (mu - target) / sigma`; 0 where the weight is 0. */
function errorIn(
  arithmetic: Arithmetic,
  names: Names & { readonly mu: Expression; readonly target: Expression },
): Expression {
  const { mu, target, weight = ONE } = names;
  return arithmetic.variant.error(wherePositive(weight, sub(mu, target)), sigmaIn(arithmetic, names));
}

interface LossNames extends Names {
  readonly error: Expression;
  /** log phi of the joint, with log s added. */
  readonly logPhi?: Expression;
  /** How often `logPhi` counts for each coordinate. */
  readonly share: Expression;
  /** The weight of the flow's term, if it is not `weight`. */
  readonly flowWeight?: Expression | undefined;
  readonly perImage: Expression;
}

/**
 * `w (log sigma - log phi(e) - log Q(e) - log s) / B`: what one coordinate adds to the loss. Without Q, phi is the
 * whole density. Where sigma is 1 and there is no flow, constants are left out, and L1 or half of L2 remains.
 */
function lossIn(arithmetic: Arithmetic, names: LossNames, q: StandardDensity | undefined): Expression {
  const { error, logit, logPhi, share, weight = ONE, flowWeight = weight, perImage } = names;
  const sigma = sigmaIn(arithmetic, names);
  const ofFlow = logPhi ? sub(sigma.logSigma, mul(share, logPhi)) : sigma.logSigma;
  const negLogQ = logit || logPhi ? arithmetic.variant.negLogQ : costOf;
  const ofQ = q ? negLogQ(q, error, sigma) : constant(0);
  return mul(perImage, add(weighted(flowWeight, ofFlow), weighted(weight, ofQ)));
}

const costOf: Variant['negLogQ'] = (q, error) => densityForm(q).cost(error);

const ONE = constant(1);

/** `w x`, and 0 where w is not above 0, even if w or x is no number there, which must not reach the gradient either. */
const weighted = (w: Expression, x: Expression): Expression => wherePositive(w, mul(wherePositive(w, w), x));

/** Everything that a loss reads besides the prediction. */
export interface Seen {
  readonly target: Tensor;
  readonly weight?: Tensor | undefined;
  /** [B, K, D]. */
  readonly errorScale?: Tensor | undefined;
}

/** Errors [B, K, D]. */
export function errorsIn(arithmetic: Arithmetic, { mu, logit }: Prediction, seen: Seen): Tensor {
  const { name, floor } = arithmetic;
  return evaluate('rle', `error ${name}`, { mu, logit }, { ...seen }, { floor }, (x) => [
    [errorIn(arithmetic, x), 'coordinate'],
  ])[0];
}

/** What the flow computes from the errors, for the loss. */
export interface FlowTerm {
  readonly error: Tensor;
  /** [B, K, 1]. */
  readonly logPhi: Tensor;
  readonly share: number;
  /** [B, K, 1], if it differs from the weight of each coordinate. */
  readonly flowWeight?: Tensor | undefined;
}

/** The loss [] with a flow. */
export function lossOfFlow(
  arithmetic: Arithmetic,
  { mu, logit }: Prediction,
  { weight, errorScale }: Omit<Seen, 'target'>,
  { error, logPhi, share, flowWeight }: FlowTerm,
  q: StandardDensity | undefined,
): Tensor {
  const { name, floor } = arithmetic;
  const scalars = { floor, share, perImage: 1 / mu.shape[0] };
  const data = { weight, errorScale, flowWeight };
  return evaluate(
    'rle',
    `loss ${name} ${q ? nameOfDensity(q) : 'dle'}`,
    { error, logit, logPhi },
    data,
    scalars,
    (x) => [[lossIn(arithmetic, x, q), 'batch']],
  )[0];
}

/** The loss [] without a flow: errors have the density Q. */
export function lossOfQ(arithmetic: Arithmetic, { mu, logit }: Prediction, seen: Seen, q: StandardDensity): Tensor {
  const { name, floor } = arithmetic;
  const scalars = { floor, perImage: 1 / mu.shape[0] };
  return evaluate('rle', `loss of Q ${name} ${nameOfDensity(q)}`, { mu, logit }, { ...seen }, scalars, (x) => {
    const error = errorIn(arithmetic, x);
    return [[lossIn(arithmetic, { ...x, error, share: ONE }, q), 'batch']];
  })[0];
}
