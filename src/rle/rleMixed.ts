import { ShapeError } from '../errors.js';
import { add, mul, sub } from '../kernels/elementwise/arithmetic.js';
import { greater } from '../kernels/elementwise/comparison.js';
import { where } from '../kernels/elementwise/where.js';
import { expandDims } from '../kernels/layout/reshape.js';
import { slice } from '../kernels/layout/slice.js';
import type { Tensor } from '../tensor/tensor.js';
import { officialLaplace } from './composedRle.js';
import { CODE_EPSILON } from './density.js';
import { realNvpFlow } from './flows/realNvpFlow.js';
import { type LogSMethod, type LogSNodes, type LogSOptions, logNormaliser } from './logS.js';
import * as realNvp from './realNvp.js';
import { type StandardDensity, standardNegLog } from './standardDensity.js';
import {
  type Labels,
  type Prediction,
  perImage,
  type SigmaOptions,
  type Standardised,
  standardise,
  weightOf,
} from './standardise.js';

/** One flow for joints with a depth, one for joints without. */
export type MixedFlows = { flow3d: realNvp.RealNvpParams; flow2d: realNvp.RealNvpParams };

/** Where log s of either flow is estimated. */
export type MixedLogSNodes = { readonly [flow in keyof MixedFlows]: LogSNodes };

export interface DleMixedOptions extends SigmaOptions, Pick<realNvp.CouplingOptions, 'scaleBound'> {
  /** See `rle`; the default is that of `rle` and of `dle`. */
  readonly variant?: 'official' | 'paper';
  /** [K]: a factor per joint, on top of the labels' weights. */
  readonly jointWeights?: Tensor;
}

export interface RleMixedOptions extends DleMixedOptions, Partial<LogSOptions> {
  /** The density Q that the flows correct, default `laplace`. */
  readonly q?: StandardDensity;
  /** Whether Q phi is normalised, default `none`; see `likelihood`. Each flow has a log s of its own. */
  readonly logS?: 'none' | LogSMethod | MixedLogSNodes;
}

/**
 * RLE over joints of which some have a depth and some do not, `L = sum w (log sigma - log phi(e) - log Q(e) - log s) / B`: phi
 * is `flow3d` of all coordinates where the weight of z is positive, else `flow2d` of x and y.
 *
 * Both flows see every joint and a select takes the one that counts, so that a batch may lack either kind; the official
 * code gathers, and fails on a batch that does. `official` (default) counts log phi, and log s with it, once per weighted
 * coordinate (3 or 2 times) and log sigma twice, `paper` all of them once.
 *
 * @param labels with weights [B, K, 3]; x and y of a joint must have the same weight
 * @throws ShapeError if D is not 3, the weights are missing, the flows are not over R^3 and R^2, or log s is to be drawn
 * without `rng`
 */
export function rleMixed(
  prediction: Prediction,
  labels: Required<Labels>,
  flows: MixedFlows,
  options: RleMixedOptions = {},
): Tensor {
  const { variant = 'official', q = 'laplace', logS = 'none', ...drawing } = options;
  const logSOf = <F extends keyof MixedFlows>(name: F, dims: number) => {
    const asked = typeof logS === 'object' ? logS[name] : logS;
    const flow = realNvpFlow({ dims, scaleBound: options.scaleBound });
    return logNormaliser(flow, flows[name], prediction.mu.device, { ...drawing, q, logS: asked });
  };
  const negLogQ = (s: Standardised) => {
    if (variant === 'paper') return standardNegLog(q, s.error);
    return q === 'laplace' ? officialLaplace(s) : add(s.logSigma, standardNegLog(q, s.error));
  };
  return mixed('rleMixed', prediction, labels, flows, { ...options, variant, negLogQ, logSOf });
}

/**
 * DLE over joints of either kind, `L = sum w (log sigma - log phi(e)) / B`, phi as in `rleMixed`: the flow is the whole density.
 * `paper` is the default, as in `dle`.
 * @throws ShapeError as `rleMixed`
 */
export function dleMixed(
  prediction: Prediction,
  labels: Required<Labels>,
  flows: MixedFlows,
  options: DleMixedOptions = {},
): Tensor {
  return mixed('dleMixed', prediction, labels, flows, { ...options, variant: options.variant ?? 'paper' });
}

interface MixedTerms extends DleMixedOptions {
  readonly variant: 'official' | 'paper';
  /** [B, K, 3]. */
  readonly negLogQ?: (s: Standardised) => Tensor;
  /** [], where it counts. */
  readonly logSOf?: (name: keyof MixedFlows, dims: number) => Tensor | undefined;
}

function mixed(
  name: string,
  prediction: Prediction,
  labels: Required<Labels>,
  flows: MixedFlows,
  options: MixedTerms,
): Tensor {
  const { variant, scaleBound, negLogQ, logSOf, jointWeights } = options;
  const [b, k, d] = prediction.mu.shape;
  if (d !== 3 || labels.weight?.shape[2] !== 3) {
    throw new ShapeError(
      `${name}: mu and weight must be [B, K, 3], got D = ${d} and weights of ${labels.weight?.shape[2] ?? 'no'} ` +
        'coordinates; for labels of one kind use rle',
    );
  }
  const s = standardise(prediction, labels, options, variant === 'official' ? CODE_EPSILON : 0);
  const deep = greater(slice(labels.weight, { begin: [0, 0, 2], end: [b, k, 3] }), 0);
  const xy = slice(s.error, { begin: [0, 0, 0], end: [b, k, 2] });
  const shareOf = (flow: keyof MixedFlows, dims: number, error: Tensor) => {
    checkFlow(flows[flow], dims, `${name}: ${flow}`);
    const logPhi = realNvp.logProb(flows[flow], error, { scaleBound });
    const normaliser = logSOf?.(flow, dims);
    const perJoint = expandDims(normaliser ? add(logPhi, normaliser) : logPhi, { axis: -1 });
    return variant === 'paper' ? mul(perJoint, 1 / dims) : perJoint;
  };
  // Selected before the flow as well as behind it: what the other branch makes of a joint must not reach a gradient.
  const of3d = shareOf('flow3d', 3, where(deep, s.error, 0));
  const of2d = shareOf('flow2d', 2, where(deep, 0, xy));
  const ofFlow = sub(s.logSigma, where(deep, of3d, of2d));
  return perImage(negLogQ ? add(ofFlow, negLogQ(s)) : ofFlow, weightOf(labels, jointWeights));
}

function checkFlow(flow: realNvp.RealNvpParams, dims: number, name: string): void {
  const got = realNvp.dimsOf(flow);
  if (got !== dims) throw new ShapeError(`${name} must be a flow over R^${dims}, got one over R^${got}`);
}
