import { add, type Device, mul, neg, Rng, scope, sum, type Tensor } from 'wgrad';
import {
  drawErrors,
  drawStandard,
  logS,
  logSNodes,
  type RealNvpParams,
  type StandardDensity,
  standardDeviation,
  standardNegLog,
} from 'wgrad/rle';
import { densityGrid } from '../report/densityGrid.js';
import type { ResidualDensity } from '../report/runReport.js';
import { aboutMean, type ErrorDensity, errorDensity } from '../uncertainty/errorDensity.js';
import type { QName, TrainConfig } from './config.js';
import { DENSITIES, flowOf, isPlaceOpen, LOSSES, residualOf } from './losses.js';
import type { ModelParams } from './model.js';

/** With so many draws, a share is accurate to 0.6 %, and a standard deviation to 0.8 %. */
const DRAWS = 8192;

/**
 * With n draws, a pose at their mean is off by the standard deviation of its label over sqrt(n), which adds 1 / n to the expected
 * square of its error: 0.2 %, which no curve shows. A flow is slow on the CPU, where this is done after every epoch.
 */
const DRAWS_OF_CURVES = 512;

/** What determines the density of a trained model's errors. */
export interface ErrorSource {
  /** The flow of the loss. */
  readonly flow?: RealNvpParams | undefined;
  /** The Q that log s was trained with; absent if training had no log s, because the flow is then the whole density. */
  readonly residualOf?: StandardDensity | undefined;
  /** The density that the loss assumed if it has no flow. */
  readonly assumed?: StandardDensity | undefined;
  /** Whether poses are read at the mean of the density (see `isPlaceOpen` of losses); default: at mu. */
  readonly isPlaceOpen?: boolean | undefined;
  /** D if there is no flow that tells it; default 2. */
  readonly dims?: number;
  /** How many draws of it are taken, default 8192. */
  readonly count?: number;
}

/** The density of `e = (mu - label) / sigma` that a trained model learned, or that its loss assumed. */
export async function learnedErrors(device: Device, source: ErrorSource): Promise<ErrorDensity> {
  const { flow, residualOf, assumed = 'laplace', isPlaceOpen, count = DRAWS } = source;
  const dims = flow ? flow.t[0][0].weight.shape[1] : (source.dims ?? 2);
  const rng = new Rng(0);
  if (flow) await device.compile?.(() => void flowOf(flow).sample(flow, count, rng.split(0)));
  const draws = flow
    ? await drawErrors(flowOf(flow), flow, { rng, count, residualOf })
    : scope(() => drawStandard(assumed, rng, device, [count, dims]));
  const points = Float64Array.from(await draws.data());
  draws.dispose();
  const density = errorDensity(points, dims);
  return isPlaceOpen ? aboutMean(density) : density;
}

/** The density of the errors of a network in training; undefined if it has no sigma. */
export async function trainedErrors(
  device: Device,
  config: Pick<TrainConfig, 'loss' | 'q' | 'logS' | 'dims'>,
  { flow, flow3d }: ModelParams,
  count?: number,
): Promise<ErrorDensity | undefined> {
  const { sigma, assumed } = LOSSES[config.loss];
  if (!sigma) return undefined;
  return learnedErrors(device, {
    // In 3-D that of joints with a depth, whose x and y are held against the labels.
    flow: (flow3d ?? flow) as RealNvpParams | undefined,
    ...{ residualOf: residualOf(config), assumed, isPlaceOpen: isPlaceOpen(config), dims: config.dims },
    count,
  });
}

/** The shift of poses (see `ErrorDensity`) for the curve of a training. */
export async function shiftOfCurves(device: Device, config: TrainConfig, params: ModelParams) {
  return isPlaceOpen(config) ? (await trainedErrors(device, config, params, DRAWS_OF_CURVES))?.shift : undefined;
}

/**
 * Tabulates the density of `(label - mu) / sigma` that a flow over the plane has learned, `G` or, with log s, `s Q G`, beside
 * the Q that it corrects. Its mean is told from where poses are, which may not be mu.
 * @param moments of its draws
 */
export async function learnedDensity(
  flow: RealNvpParams,
  { mean, covariance, shift = [0, 0] }: ErrorDensity,
  { q, residualOf }: { readonly q: QName; readonly residualOf?: StandardDensity | undefined },
): Promise<ResidualDensity> {
  const { device } = flow.t[0][0].weight;
  const learned = flowOf(flow);
  const logQ = (points: Tensor) => neg(sum(standardNegLog(DENSITIES[q], points), { axes: [-1] }));
  const on = (f: (points: Tensor) => Tensor) => async (numbers: Float32Array) => {
    const result = scope(() => f(device.tensor(numbers, [numbers.length / 2, 2])));
    const values = await result.data();
    result.dispose();
    return values;
  };
  // The loss gives the flow (mu - label) / sigma, the negative of the usual residual.
  const logDensity = (residuals: Tensor) => {
    const errors = neg(residuals);
    const logG = learned.logProb(flow, errors);
    if (!residualOf) return logG;
    const nodes = logSNodes('jitteredGrid', learned, device, { rng: new Rng(0), q: residualOf });
    return add(add(logG, logQ(errors)), logS(learned, flow, nodes));
  };
  const width = standardDeviation(DENSITIES[q]);
  const assumed = { name: NAMES[q], logProb: on((units) => add(logQ(mul(units, width)), 2 * Math.log(width))) };
  const [xx, , yy] = covariance;
  const std = [Math.sqrt(xx), Math.sqrt(yy)] as const;
  const grid = await densityGrid(on(logDensity), [-mean[0] - shift[0], -mean[1] - shift[1]], std, { assumed });
  return { ...grid, mean: [-mean[0], -mean[1]], isProduct: residualOf !== undefined };
}

const NAMES: Readonly<Record<QName, string>> = {
  laplace: 'Laplace',
  gaussian: 'normal',
  logistic: 'logistic',
  studentT: 'Student-t',
};
