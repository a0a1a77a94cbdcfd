import { stopGradient } from '../autograd/grad.js';
import { ShapeError } from '../errors.js';
import { add, div, mul } from '../kernels/elementwise/arithmetic.js';
import { greater } from '../kernels/elementwise/comparison.js';
import { sqrt, square } from '../kernels/elementwise/unary.js';
import { where } from '../kernels/elementwise/where.js';
import { broadcastTo, sum } from '../kernels/reduction/sum.js';
import { scope } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Labels, Prediction } from './prediction.js';
import { errorsOf } from './rle.js';
import type { SigmaOptions } from './sigma.js';

/** Options of `runningErrorScale`: how much of the old scale a step keeps, and how sigma follows from the logit. */
export interface RunningScaleOptions extends SigmaOptions {
  /** Share of the old value that stays, default 0.99. */
  readonly decay?: number;
}

/**
 * One step of a running root mean square of `e = (mu - target) / sigma` per coordinate,
 * `r <- sqrt(decay r^2 + (1 - decay) mean e^2)`. If `rle` is given it as `errorScale`, sigma may drift, but `sigma r`
 * stays the root mean square of the error.
 *
 * r averages over about the last `1 / (1 - decay)` steps, so it lags behind a sigma that changes. With the design
 * `residual` and without log s, Q makes sigma grow all the time; `sigma r` is then too large by as much as sigma grows
 * in that many steps.
 *
 * @param scale [D], ones at first, then the result of the last call; no gradient reaches it
 * @param labels if none of them has a weight, the scale stays as it is
 * @returns [D]
 */
export function runningErrorScale(
  scale: Tensor,
  prediction: Prediction,
  labels: Labels,
  options: RunningScaleOptions = {},
): Tensor {
  const { decay = 0.99 } = options;
  if (!(decay >= 0 && decay < 1)) throw new ShapeError(`runningErrorScale: decay must be in [0, 1), got ${decay}`);
  return scope(() => {
    const { mu, logit } = prediction;
    const still = { mu: stopGradient(mu), ...(logit && { logit: stopGradient(logit) }) };
    const squares = square(errorsOf(still, labels, options));
    const weight = broadcastTo(labels.weight ?? scale.device.scalar(1), { shape: squares.shape });
    const total = sum(weight, { axes: [0, 1] });
    const seen = greater(total, 0);
    const now = div(sum(mul(squares, weight), { axes: [0, 1] }), where(seen, total, 1));
    const old = square(scale);
    return sqrt(where(seen, add(mul(old, decay), mul(now, 1 - decay)), old));
  });
}
