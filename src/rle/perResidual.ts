import { stopGradient } from '../autograd/grad.js';
import { add, div, mul, sub } from '../kernels/elementwise/arithmetic.js';
import { sqrt, square } from '../kernels/elementwise/unary.js';
import { broadcastTo, sum } from '../kernels/reduction/sum.js';
import { countedJoints } from './countedJoints.js';
import type { Labels, Prediction } from './prediction.js';
import { errorsOf } from './rle.js';
import { type SigmaOptions, sigmaOf } from './sigma.js';

/**
 * The same prediction, but gradients reach mu times the size of its residuals, `r = sigma rms(e)` with e = (mu - target) / sigma:
 *
 *     mu' = m + r (mu - m),    m = mu and r without gradients
 *
 * The gradient of a likelihood with respect to mu grows as 1 / r. Alone in a loss that does no harm. In a weighted sum it
 * crowds out the other terms as predictions get better, and this keeps it where it is (docs/negative-loss.md). Values, and the
 * gradients of sigma and of the flow, are as they were. Give it to `rle` of any variant.
 *
 * @param labels where their weight is 0 they do not count for the root mean square
 * @throws ShapeError if shapes do not fit
 */
export function perResidual<P extends Prediction>(prediction: P, labels: Labels, options: SigmaOptions = {}): P {
  const { mu, logit } = prediction;
  const still = { mu: stopGradient(mu), ...(logit && { logit: stopGradient(logit) }) };
  const weight = broadcastTo(labels.weight ?? mu.device.scalar(1), { shape: mu.shape });
  const count = mul(countedJoints(weight), mu.shape[2]);
  const rms = sqrt(div(sum(square(errorsOf(still, labels, options))), count));
  const size = still.logit ? mul(sigmaOf(still.logit, options), rms) : rms;
  return { ...prediction, mu: add(still.mu, mul(size, sub(mu, still.mu))) };
}
