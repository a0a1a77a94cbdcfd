import { add, maximum, sub } from '../kernels/elementwise/arithmetic.js';
// biome-ignore lint/suspicious/noShadowRestrictedNames: the op of this name.
import { greater, isFinite } from '../kernels/elementwise/comparison.js';
import { where } from '../kernels/elementwise/where.js';
import { min } from '../kernels/reduction/extremum.js';
import { sum } from '../kernels/reduction/sum.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Labels, Prediction } from './prediction.js';

/** The weight, and 0 for a joint whose prediction or target is not finite: a joint counts with all coordinates or not at all. */
export function finiteOnly({ mu, logit }: Prediction, { target }: Labels, weight: Tensor | undefined): Tensor {
  const difference = sub(mu, target);
  const finite = isFinite(logit ? add(difference, logit) : difference);
  const all = min(where(finite, 1, 0), { axes: [-1], keepDims: true });
  return where(greater(all, 0), weight ?? 1, 0);
}

/** The number of joints whose weight is above 0 for some coordinate, at least 1. */
export function countedJoints(weight: Tensor): Tensor {
  const counted = greater(sum(weight, { axes: [-1] }), 0);
  return maximum(sum(where(counted, 1, 0)), 1);
}
