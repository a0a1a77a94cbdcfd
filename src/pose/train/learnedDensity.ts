import { realNvpFlow } from '../../rle/flows/realNvpFlow.js';
import { drawErrors } from '../../rle/predictive.js';
import { logProb, type RealNvpParams } from '../../rle/realNvp.js';
import { drawStandard, type StandardDensity } from '../../rle/standardDensity.js';
import type { Device } from '../../tensor/backend.js';
import { Rng } from '../../tensor/rng.js';
import { scope } from '../../tensor/scope.js';
import { densityGrid } from '../report/densityGrid.js';
import type { ResidualDensity } from '../report/runReport.js';
import { type ErrorDensity, errorDensity } from '../uncertainty/errorDensity.js';

/** A share that draws tell is good to 0.6 %, a standard deviation to 0.8 %. */
const DRAWS = 8192;

const FLOW = realNvpFlow({ dims: 2 });

/** Where the density of a trained model's errors is. */
export interface ErrorSource {
  /** The flow of the loss. */
  readonly flow?: RealNvpParams;
  /** The Q that log s was trained with; absent where training had no log s, for then the flow is the whole density. */
  readonly residualOf?: StandardDensity;
  /** What the loss assumed where it has no flow. */
  readonly assumed?: StandardDensity;
}

/** The density of `e = (mu - label) / sigma` that a trained model has learned, or that its loss has assumed. */
export async function learnedErrors(
  device: Device,
  { flow, residualOf, assumed = 'laplace' }: ErrorSource,
): Promise<ErrorDensity> {
  const rng = new Rng(0);
  const draws = flow
    ? await drawErrors(FLOW, flow, { rng, count: DRAWS, residualOf })
    : scope(() => drawStandard(assumed, rng, device, [DRAWS, 2]));
  const points = Float64Array.from(await draws.data());
  draws.dispose();
  return errorDensity(points);
}

/** Tabulates the density of `(label - mu) / sigma` that a flow over the plane has learned, whose draws are given. */
export async function learnedDensity(
  flow: RealNvpParams,
  { mean, covariance }: ErrorDensity,
): Promise<ResidualDensity> {
  const { device } = flow.t[0][0].weight;
  const logDensity = async (residuals: Float32Array) => {
    // The loss feeds the flow (mu - label) / sigma, the negative of what one calls a residual.
    const errors = residuals.map((value) => -value);
    const result = scope(() => logProb(flow, device.tensor(errors, [errors.length / 2, 2])));
    const values = await result.data();
    result.dispose();
    return values;
  };
  const [xx, , yy] = covariance;
  return densityGrid(logDensity, [-mean[0], -mean[1]], [Math.sqrt(xx), Math.sqrt(yy)]);
}
