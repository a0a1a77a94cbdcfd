import { defineMultiOp, defineOp, firstOrderOnly, type Op, type TensorSpec } from '../autograd/op.js';
import { ShapeError } from '../errors.js';
import { f32bits, type Launch, type Program, type View } from '../tensor/backend.js';
import { grid } from '../tensor/grid.js';
import { programs } from '../tensor/programs.js';
import { formatShape, sameShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { CODE_EPSILON, type Density, HALF_LOG_2PI } from './density.js';
import { rleErrorWgsl, rleGradWgsl, rleSumWgsl, type TermsVariant } from './wgsl/rleTerms.wgsl.js';

const errors = /* @__PURE__ */ programs('rleError', rleErrorWgsl);
const sums = /* @__PURE__ */ programs('rleSum', rleSumWgsl);
const gradients = /* @__PURE__ */ programs('rleGrad', rleGradWgsl);

/** Whose arithmetic; see `rle`. */
export type Variant = 'official' | 'mmpose' | 'paper';

export interface RleTerms {
  readonly variant: Variant;
  readonly q: Density;
  /** False: without -log Q, as in `dle`. */
  readonly residual: boolean;
  /** The smallest logit that is told apart. */
  readonly floor: number;
}

const DEFAULTS: RleTerms = { variant: 'official', q: 'laplace', residual: true, floor: -12 };

type Operands = [mu: Tensor, logit: Tensor, target: Tensor, weight: Tensor];

/**
 * @internal The errors that the flow sees, `e = (mu - target) / sigma`, of all joints; 0 where the weight is. A piece of the fused
 * `rle`, which has the gradient.
 *
 * @param mu [B, K, D]; `logit`, `target` likewise
 * @param weight [B, K, D], [B, K, 1] or [] for all
 * @returns [B K, D]
 */
export const rleError: Op<Operands, RleTerms> = /* @__PURE__ */ defineOp({
  name: 'rleError',
  arity: 4,
  attrs: DEFAULTS,
  shape: ([mu, logit, target, weight]) => {
    checkTerms('rleError', mu, logit, target, weight);
    return { shape: [mu.shape[0] * mu.shape[1], mu.shape[2]], dtype: 'float32' };
  },
  reference: (inputs, [error], attrs) => {
    for (let i = 0; i < error.data.length; i++) error.data[i] = elementAt(inputs, i, attrs).error;
  },
  launches: (inputs, outputs, attrs) => [eachLaunch(errors, inputs, outputs, attrs)],
  vjp: (_, { inputs }) => inputs.map(() => firstOrderOnly('rleError')),
  keep: {},
});

/**
 * @internal `rle` or `dle` from the flow's log-densities, and its gradient with respect to them.
 *
 * @param logPhi [B K]
 * @returns the loss [] and d loss / d logPhi [B K]
 */
export const rleSum: Op<[...Operands, logPhi: Tensor], RleTerms, readonly [loss: Tensor, dLogPhi: Tensor]> =
  /* @__PURE__ */ defineMultiOp({
    name: 'rleSum',
    arity: 5,
    attrs: DEFAULTS,
    shape: ([mu, logit, target, weight, logPhi]) => {
      checkTerms('rleSum', mu, logit, target, weight);
      return [{ shape: [], dtype: 'float32' }, logPhi];
    },
    reference([mu, logit, target, weight, logPhi], [loss, dLogPhi], attrs) {
      const [B, , D] = mu.shape;
      const share = attrs.variant === 'paper' ? 1 / D : 1;
      dLogPhi.data.fill(0);
      let sum = 0;
      for (let i = 0; i < mu.data.length; i++) {
        const e = elementAt([mu, logit, target, weight], i, attrs);
        const joint = Math.floor(i / D);
        if (e.flowWeight > 0) sum += e.flowWeight * (e.logSigma - share * logPhi.data[joint]);
        if (attrs.residual && e.weight > 0) sum += e.weight * negLogQ(e, attrs);
        dLogPhi.data[joint] -= (e.flowWeight * share) / B;
      }
      loss.data[0] = sum / B;
    },
    launches: (inputs, outputs, attrs) => [{ ...eachLaunch(sums, inputs, outputs, attrs), grid: [1, 1, 1] }],
    vjp: (_, { inputs }) => inputs.map(() => firstOrderOnly('rleSum')),
    keep: {},
  });

/**
 * @internal The gradient of `rle` or `dle` with respect to what the network predicts.
 *
 * @param dError [B K, D], what came back through the flow
 * @param upstream [], the loss's cotangent
 * @returns gradients of mu and logit, [B, K, D]
 */
export const rleGrad: Op<
  [...Operands, dError: Tensor, upstream: Tensor],
  RleTerms,
  readonly [dMu: Tensor, dLogit: Tensor]
> = /* @__PURE__ */ defineMultiOp({
  name: 'rleGrad',
  arity: 6,
  attrs: DEFAULTS,
  shape: ([mu, logit, target, weight]) => {
    checkTerms('rleGrad', mu, logit, target, weight);
    return [mu, logit];
  },
  reference([mu, logit, target, weight, dError, upstream], [dMu, dLogit], attrs) {
    const unit = upstream.data[0] / mu.shape[0];
    for (let i = 0; i < mu.data.length; i++) {
      const e = elementAt([mu, logit, target, weight], i, attrs);
      const base = attrs.residual ? unit * e.weight : 0;
      const { byDifference, byInverse } = baseGradient(e, attrs);
      const through = e.inverse / e.guard;
      const dDifference = base * byDifference + dError.data[i] * through;
      const dInverse = base * byInverse + (dError.data[i] * e.difference) / e.guard ** 2;
      const dLogSigma = unit * e.flowWeight + (attrs.variant === 'paper' ? 0 : base);
      const open = logit.data[i] < attrs.floor ? 0 : logit.data[i] === attrs.floor ? 0.5 : 1;
      dMu.data[i] = e.weight > 0 ? dDifference : 0;
      dLogit.data[i] = e.weight > 0 ? open * (e.inverse - 1) * (dLogSigma / e.inverse - dInverse) : 0;
    }
  },
  launches: (inputs, outputs, attrs) => [eachLaunch(gradients, inputs, outputs, attrs)],
  vjp: (_, { inputs }) => inputs.map(() => firstOrderOnly('rleGrad')),
  keep: {},
});

interface Element {
  readonly weight: number;
  /** The flow's share; the official 2-D code weights it by the weight of x alone. */
  readonly flowWeight: number;
  readonly inverse: number;
  readonly logSigma: number;
  readonly difference: number;
  /** mmpose adds epsilon to sigma. */
  readonly guard: number;
  readonly error: number;
}

function elementAt(inputs: readonly View[], i: number, { variant, floor }: RleTerms): Element {
  const [mu, logit, target, weights] = inputs;
  const D = mu.shape[2];
  const [byJoint, byCoordinate] = weightStrides(weights.shape);
  const weightOf = (d: number) => Math.max(0, weights.data[Math.floor(i / D) * byJoint + d * byCoordinate]);
  const weight = weightOf(i % D);
  const a = weight > 0 ? Math.max(logit.data[i], floor) : 0;
  const inverse = 1 + Math.exp(-a);
  const difference = weight > 0 ? mu.data[i] - target.data[i] : 0;
  const guard = variant === 'mmpose' ? 1 + CODE_EPSILON * inverse : 1;
  return {
    weight,
    flowWeight: variant === 'official' ? weightOf(0) : weight,
    inverse,
    logSigma: -(Math.max(-a, 0) + Math.log1p(Math.exp(-Math.abs(a)))),
    difference,
    guard,
    error: (difference * inverse) / guard,
  };
}

/** The exponent's scale in the official Laplace, `sqrt(2) sigma + epsilon` over sigma. */
const officialScale = ({ inverse }: Element) => Math.SQRT2 + CODE_EPSILON * inverse;

/** `-log Q`; both codes put log sigma into it as well. */
function negLogQ(e: Element, { variant, q }: RleTerms): number {
  const logSigma = variant === 'paper' ? 0 : e.logSigma;
  if (q === 'gaussian') return logSigma + 0.5 * e.error ** 2 + HALF_LOG_2PI;
  if (variant !== 'official') return logSigma + Math.abs(e.error) + Math.LN2;
  return logSigma + HALF_LOG_2PI + Math.abs(e.difference * e.inverse) / officialScale(e);
}

/** Derivatives of `-log Q`, but for its log sigma, by the difference and by 1 / sigma. */
function baseGradient(e: Element, { variant, q }: RleTerms): { byDifference: number; byInverse: number } {
  const { difference, inverse, guard, error } = e;
  if (variant === 'official' && q === 'laplace') {
    const scale = officialScale(e);
    return {
      byDifference: (Math.sign(difference) * inverse) / scale,
      byInverse: (Math.abs(difference) * Math.SQRT2) / scale ** 2,
    };
  }
  const byError = q === 'laplace' ? Math.sign(error) : error;
  return { byDifference: (byError * inverse) / guard, byInverse: (byError * difference) / guard ** 2 };
}

/** Distances of the weights of neighbouring joints and coordinates. */
function weightStrides(shape: readonly number[]): readonly [joint: number, coordinate: number] {
  if (shape.length === 0) return [0, 0];
  return shape[2] === 1 ? [1, 0] : [shape[2], 1];
}

function eachLaunch(
  code: (variant: TermsVariant) => Program,
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  attrs: RleTerms,
): Launch {
  const [mu, , , weight] = inputs;
  const { variant, q, residual, floor } = attrs;
  const [B, , D] = mu.shape;
  return {
    program: code({ variant, q, residual }),
    read: inputs,
    write: outputs,
    params: [mu.size, D, ...weightStrides(weight.shape), f32bits(floor), f32bits(1 / B)],
    grid: grid(mu.size),
  };
}

function checkTerms(name: string, mu: TensorSpec, logit: TensorSpec, target: TensorSpec, weight: TensorSpec): void {
  const [B, K, D] = mu.shape;
  const weightFits = [[], [B, K, 1], [B, K, D]].some((shape) => sameShape(weight.shape, shape));
  if (mu.shape.length === 3 && sameShape(mu.shape, logit.shape) && sameShape(mu.shape, target.shape) && weightFits)
    return;
  throw new ShapeError(
    `${name}: mu, logit and target must be [B, K, D] and weight [B, K, D], [B, K, 1] or [], got ` +
      [mu, logit, target, weight].map(({ shape }) => formatShape(shape)).join(', '),
  );
}
