import { customVjp, vjp } from '../autograd/grad.js';
import { withByProducts } from '../autograd/op.js';
import { isRecording, isTracked } from '../autograd/tape.js';
import type { Tensor } from '../tensor/tensor.js';
import { type ComposedOptions, composedRle } from './composedRle.js';
import type { Density } from './density.js';
import { flowGrad } from './flowGrad.js';
import { flattenFlow, flowLogProb, unflattenFlow } from './flowLogProb.js';
import type * as realNvp from './realNvp.js';
import { rleError, rleGrad, rleSum, type Variant } from './rleTerms.js';
import { fusedAttrs, MOST_POINTS } from './selectFlow.js';
import { checkLoss, floorLogit, type Labels, type Prediction, SIGMA_FLOOR, type SigmaOptions } from './standardise.js';

export type { Variant } from './rleTerms.js';

export interface RleOptions extends SigmaOptions, realNvp.CouplingOptions {
  /** Default `official`. */
  readonly variant?: Variant;
  /** The density Q that the flow corrects, default `laplace`. */
  readonly q?: Density;
}

/**
 * Residual log-likelihood estimation, `L = sum w (log sigma - log phi(e) - log Q(e)) / B`, `e = (mu - target) / sigma`,
 * phi the flow's density (Li et al., 2021, eq. 8, without log s).
 *
 * `official` and `mmpose` count log phi once per coordinate and log sigma twice; for D = 2 that is twice the paper's loss
 * with another scale of Q. `paper` counts log phi once per joint, weighted by the mean of the joint's weights.
 *
 * @param flow parameters of a RealNVP over R^D
 * @throws ShapeError if mu, target, weight and flow do not fit
 */
export function rle(
  prediction: Prediction,
  labels: Labels,
  flow: realNvp.RealNvpParams,
  options: RleOptions = {},
): Tensor {
  const { variant = 'official', q = 'laplace' } = options;
  return residualLoss(prediction, labels, flow, { ...options, variant, q, residual: true });
}

/**
 * Direct likelihood estimation, `L = sum w (log sigma - log phi(e)) / B`: the flow is the whole density (Li et al., 2021,
 * eq. 5). The variants differ as in `rle`; `paper` is the default here, as no official code has this loss.
 */
export function dle(
  prediction: Prediction,
  labels: Labels,
  flow: realNvp.RealNvpParams,
  options: Omit<RleOptions, 'q'> = {},
): Tensor {
  const { variant = 'paper' } = options;
  return residualLoss(prediction, labels, flow, { ...options, variant, q: 'laplace', residual: false });
}

/**
 * Fused where the flow is: three dispatches beside the flow's three, for errors, loss and gradient. Composed where the
 * labels are variables, and for second derivatives.
 */
function residualLoss(
  prediction: Prediction,
  labels: Labels,
  flow: realNvp.RealNvpParams,
  options: ComposedOptions,
): Tensor {
  const { sigmaFloor = SIGMA_FLOOR } = options;
  checkLoss(prediction, labels, sigmaFloor);
  const attrs = fusedAttrs(flow, prediction.mu, options);
  const { target, weight = target.device.scalar(1) } = labels;
  const [B, K, D] = prediction.mu.shape;
  const isPlain = [`${[]}`, `${[B, K, 1]}`, `${[B, K, D]}`].includes(`${weight.shape}`);
  if (!attrs || !isPlain || B * K > MOST_POINTS || isTracked(target) || isTracked(weight)) {
    return composedRle(prediction, labels, flow, options);
  }
  const { variant, q, residual } = options;
  const terms = { variant, q, residual, floor: floorLogit(sigmaFloor) };
  const loss = customVjp(
    (mu: Tensor, logit: Tensor, flat: Tensor) => {
      const error = rleError(mu, logit, target, weight, terms);
      const [logPhi, states] = withByProducts(flowLogProb, [error, flat], attrs);
      const [value, dLogPhi] = rleSum(mu, logit, target, weight, logPhi, terms);
      return [value, { mu, logit, flat, target, weight, states, dLogPhi }];
    },
    (saved, g) => {
      const { mu, logit, flat } = saved;
      if (isRecording()) {
        const composed = ([m, a, f]: Tensor[]) =>
          composedRle({ mu: m, logit: a }, labels, unflattenFlow(f, attrs), options);
        return vjp(composed, [mu, logit, flat], g)[1];
      }
      const [dError, dFlat] = flowGrad(saved.states, flat, saved.dLogPhi, g, { ...attrs, map: 'logProb' });
      const [dMu, dLogit] = rleGrad(mu, logit, saved.target, saved.weight, dError, g, terms);
      return [dMu, dLogit, dFlat];
    },
  );
  return loss(prediction.mu, prediction.logit, flattenFlow(flow));
}
