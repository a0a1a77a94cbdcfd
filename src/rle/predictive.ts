import { add, mul, sub } from '../kernels/elementwise/arithmetic.js';
import { expandDims } from '../kernels/layout/reshape.js';
import { broadcastTo } from '../kernels/reduction/sum.js';
import type { Rng } from '../tensor/rng.js';
import { scope } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import { drawStandard, type StandardDensity } from './density.js';
import { deviceOf, type Flow } from './flows/flow.js';
import type { Prediction } from './prediction.js';
import { type SigmaOptions, sigmaOf } from './sigma.js';
import type { Design } from './variants.js';

/** Options of `drawErrors`. */
export interface DrawOptions {
  readonly rng: Rng;
  /** How many draws, default 4096. */
  readonly count?: number;
  /**
   * The Q that log s was trained with; leave it out if training had no log s, because the flow is then the whole
   * density.
   */
  readonly residualOf?: StandardDensity;
}

/** Options of `predictiveDraws`. */
export interface PredictiveOptions extends DrawOptions, SigmaOptions {
  /** Default `residual`. */
  readonly design?: Design;
  /** The error scale that the likelihood was given. */
  readonly errorScale?: Tensor;
}

/** Draws from Q per draw from s Q G; with so many, resampling takes few of them twice. */
const PROPOSALS = 16;

/**
 * Draws of the normalised error `e = (mu - target) / sigma` under the learned density: from the flow, or from s Q G, by
 * drawing from Q and resampling in proportion to G.
 *
 * @returns [count, J, D], J = 1 or one per joint
 */
export async function drawErrors<P>(flow: Flow<P>, params: P, options: DrawOptions): Promise<Tensor> {
  const { rng, count = 4096, residualOf } = options;
  const draws = residualOf
    ? await resample(flow, params, residualOf, count, rng)
    : scope(() => flow.sample(params, count, rng));
  if (flow.pointShape.length === 2) return draws;
  const shaped = expandDims(draws, { axis: 1 });
  draws.dispose();
  return shaped;
}

/**
 * Draws of the labels that a prediction expects: `mu - sigma e` (the codes' error is minus the paper's, hence the sign), or
 * `f(mu + sigma z)`, z from the base, for the direct design.
 *
 * @returns [count, B, K, D], in the units of mu
 */
export async function predictiveDraws<P>(
  prediction: Prediction,
  flow: Flow<P>,
  params: P,
  options: PredictiveOptions,
): Promise<Tensor> {
  const { rng, count = 4096, design = 'residual' } = options;
  const { mu } = prediction;
  const spread = scaledSigma(prediction, options);
  if (design === 'direct') {
    return scope(() => {
      const z = drawStandard(flow.base, rng, mu.device, [count, ...mu.shape]);
      return flow.forward(params, add(mu, mul(spread, z)))[0];
    });
  }
  const errors = await drawErrors(flow, params, options);
  return sub(mu, mul(spread, expandDims(errors, { axis: 1 })));
}

/** `sigma errorScale` [B, K, D]. */
export function scaledSigma(
  { mu, logit }: Prediction,
  options: SigmaOptions & { readonly errorScale?: Tensor | undefined },
): Tensor {
  const { errorScale } = options;
  const sigma = logit ? sigmaOf(logit, options) : broadcastTo(mu.device.scalar(1), { shape: mu.shape });
  return errorScale ? mul(sigma, errorScale) : sigma;
}

/**
 * Systematic resampling on the host: it uses one uniform number, and each draw comes as often as its weight says,
 * rounded up or down.
 */
async function resample<P>(flow: Flow<P>, params: P, q: StandardDensity, count: number, rng: Rng): Promise<Tensor> {
  const { pointShape } = flow;
  const device = deviceOf(params);
  const proposals = PROPOSALS * count;
  const dims = pointShape[pointShape.length - 1];
  const joints = pointShape.length === 2 ? pointShape[0] : 1;
  const [points, logG] = scope(() => {
    const x = drawStandard(q, rng, device, [proposals, ...pointShape]);
    return [x, flow.logProb(params, x)] as const;
  });
  const [from, weights] = await Promise.all([points.data(), logG.data()]);
  points.dispose();
  logG.dispose();
  const to = new Float64Array(count * joints * dims);
  for (let j = 0; j < joints; j++) {
    const ofJoint = Float64Array.from({ length: proposals }, (_, i) => weights[i * joints + j]);
    const most = ofJoint.reduce((a, b) => Math.max(a, b));
    const total = ofJoint.reduce((sum, l) => sum + Math.exp(l - most), 0);
    const first = rng.uniform();
    let reached = 0;
    let n = 0;
    for (let i = 0; i < proposals && n < count; i++) {
      reached += (Math.exp(ofJoint[i] - most) / total) * count;
      for (; n < count && first + n < reached; n++) {
        for (let d = 0; d < dims; d++) to[(n * joints + j) * dims + d] = from[(i * joints + j) * dims + d];
      }
    }
    // Rounding may leave a remainder of the sum; the last draw gets it.
    for (; n < count; n++) {
      const last = ((n - 1) * joints + j) * dims;
      to.copyWithin((n * joints + j) * dims, last, last + dims);
    }
  }
  return device.tensor(to, [count, ...pointShape]);
}
