import { add } from '../kernels/elementwise/arithmetic.js';
import { abs, square } from '../kernels/elementwise/unary.js';
import type { Tensor } from '../tensor/tensor.js';
import { gaussianNegLog, laplaceNegLog } from './density.js';
import {
  type Labels,
  maskedDifference,
  type Prediction,
  perImage,
  type SigmaOptions,
  standardise,
} from './standardise.js';

/** `L = sum w |mu - target| / B` over joints and coordinates; the prediction's logits do not matter. */
export function l1(prediction: Pick<Prediction, 'mu'>, labels: Labels): Tensor {
  return perImage(abs(maskedDifference(prediction.mu, labels)), labels.weight);
}

/** `L = sum w (mu - target)^2 / B` over joints and coordinates; the prediction's logits do not matter. */
export function l2(prediction: Pick<Prediction, 'mu'>, labels: Labels): Tensor {
  return perImage(square(maskedDifference(prediction.mu, labels)), labels.weight);
}

/**
 * `L = sum w (log sigma + e^2 / 2 + log(2 pi) / 2) / B`, `e = (mu - target) / sigma`: normal errors whose scale is
 * learned (Li et al., 2021, eq. 1 and table 7).
 */
export function gaussianNll(prediction: Prediction, labels: Labels, options?: SigmaOptions): Tensor {
  const { error, logSigma } = standardise(prediction, labels, options);
  return perImage(add(logSigma, gaussianNegLog(error)), labels.weight);
}

/**
 * `L = sum w (log 2 sigma + |e|) / B`, `e = (mu - target) / sigma`: Laplace errors whose scale is learned (Li et al.,
 * 2021, eq. 2 and table 7).
 */
export function laplaceNll(prediction: Prediction, labels: Labels, options?: SigmaOptions): Tensor {
  const { error, logSigma } = standardise(prediction, labels, options);
  return perImage(add(logSigma, laplaceNegLog(error)), labels.weight);
}
