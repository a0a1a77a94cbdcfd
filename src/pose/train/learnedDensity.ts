import { logProb, type RealNvpParams, sample } from '../../rle/realNvp.js';
import { Rng } from '../../tensor/rng.js';
import { scope } from '../../tensor/scope.js';
import { densityGrid } from '../report/densityGrid.js';
import type { ResidualDensity } from '../report/runReport.js';

/** Draws that mean and standard deviation of the density are estimated from: good to some 2 %. */
const DRAWS = 4000;

/** Tabulates the density of `(target - mu) / sigma` that a flow over the plane has learned. */
export async function learnedDensity(flow: RealNvpParams): Promise<ResidualDensity> {
  const { device } = flow.t[0][0].weight;
  const draws = scope(() => sample(flow, DRAWS, new Rng(0)));
  const points = await draws.data();
  draws.dispose();
  const [x, y] = [0, 1].map((axis) => moments(points, axis));
  const logDensity = async (residuals: Float32Array) => {
    // The loss feeds the flow (mu - target) / sigma, the negative of what one calls a residual.
    const errors = residuals.map((value) => -value);
    const result = scope(() => logProb(flow, device.tensor(errors, [errors.length / 2, 2])));
    const values = await result.data();
    result.dispose();
    return values;
  };
  return densityGrid(logDensity, [-x.mean, -y.mean], [x.std, y.std]);
}

function moments(points: ArrayLike<number>, axis: number): { readonly mean: number; readonly std: number } {
  const count = points.length / 2;
  let sum = 0;
  let squares = 0;
  for (let i = axis; i < points.length; i += 2) {
    sum += points[i];
    squares += points[i] ** 2;
  }
  const mean = sum / count;
  return { mean, std: Math.sqrt(squares / count - mean ** 2) };
}
