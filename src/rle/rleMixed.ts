import { ShapeError } from '../errors.js';
import { add, mul, sub } from '../kernels/binary.js';
import { greater } from '../kernels/compare.js';
import { expandDims } from '../kernels/reshape.js';
import { slice } from '../kernels/slice.js';
import { where } from '../kernels/where.js';
import type { Tensor } from '../tensor/tensor.js';
import { officialLaplace } from './composedRle.js';
import { CODE_EPSILON, laplaceNegLog } from './density.js';
import * as realNvp from './realNvp.js';
import { type Labels, type Prediction, perImage, type SigmaOptions, standardise } from './standardise.js';

/** One flow for joints with a depth, one for joints without. */
export type MixedFlows = { flow3d: realNvp.RealNvpParams; flow2d: realNvp.RealNvpParams };

export interface RleMixedOptions extends SigmaOptions, Pick<realNvp.CouplingOptions, 'scaleBound'> {
  /** Default `official`; see `rle`. */
  readonly variant?: 'official' | 'paper';
}

/**
 * RLE over joints of which some have a depth and some do not, `L = sum w (log sigma - log phi(e) - log Q(e)) / B`: phi is
 * `flow3d` of all coordinates where the weight of z is positive, else `flow2d` of x and y. Q is Laplace.
 *
 * Both flows see every joint and a select takes the one that counts, so that a batch may lack either kind; the official
 * code gathers, and fails on a batch that does. `official` counts log phi once per weighted coordinate (3 or 2 times),
 * `paper` once.
 *
 * @param labels with weights [B, K, 3]; x and y of a joint must have the same weight
 * @throws ShapeError if D is not 3, the weights are missing or the flows are not over R^3 and R^2
 */
export function rleMixed(
  prediction: Prediction,
  labels: Required<Labels>,
  { flow3d, flow2d }: MixedFlows,
  options: RleMixedOptions = {},
): Tensor {
  const [b, k, d] = prediction.mu.shape;
  if (d !== 3 || labels.weight?.shape[2] !== 3) {
    throw new ShapeError(
      `rleMixed: mu and weight must be [B, K, 3], got D = ${d} and weights of ${labels.weight?.shape[2] ?? 'no'} ` +
        'coordinates; for labels of one kind use rle',
    );
  }
  checkFlow(flow3d, 3, 'flow3d');
  checkFlow(flow2d, 2, 'flow2d');
  const { variant = 'official', scaleBound } = options;
  const s = standardise(prediction, labels, options, variant === 'official' ? CODE_EPSILON : 0);
  const deep = greater(slice(labels.weight, { begin: [0, 0, 2], end: [b, k, 3] }), 0);
  const xy = slice(s.error, { begin: [0, 0, 0], end: [b, k, 2] });
  // Selected before the flow as well as behind it: what the other branch makes of a joint must not reach a gradient.
  const of3d = share(realNvp.logProb(flow3d, where(deep, s.error, 0), { scaleBound }), variant, 3);
  const of2d = share(realNvp.logProb(flow2d, where(deep, 0, xy), { scaleBound }), variant, 2);
  const negLogQ = variant === 'official' ? officialLaplace(s) : laplaceNegLog(s.error);
  return perImage(add(sub(s.logSigma, where(deep, of3d, of2d)), negLogQ), labels.weight);
}

function share(logPhi: Tensor, variant: 'official' | 'paper', dims: number): Tensor {
  const perJoint = expandDims(logPhi, { axis: -1 });
  return variant === 'paper' ? mul(perJoint, 1 / dims) : perJoint;
}

function checkFlow(flow: realNvp.RealNvpParams, dims: number, name: string): void {
  const got = realNvp.dimsOf(flow);
  if (got !== dims) throw new ShapeError(`rleMixed: ${name} must be a flow over R^${dims}, got one over R^${got}`);
}
