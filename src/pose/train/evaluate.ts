import type { RealNvpParams } from '../../rle/realNvp.js';
import type { ResidualDensity } from '../report/runReport.js';
import { learnedDensity } from './learnedDensity.js';
import { evaluatedParams } from './learner.js';
import { LOSSES } from './losses.js';
import { type Predictions, predict } from './predict.js';
import { type ScoredPoses, score, sigmaCorrelation } from './scores.js';
import type { Session } from './session.js';

/** What a network does on the whole test half. */
export interface Evaluation {
  readonly predictions: Predictions;
  readonly scores: ScoredPoses;
  /** Pearson correlation of sigma with the error, if the network has a sigma. */
  readonly correlation?: number;
  /** Standard deviation of a residual in units of sigma, in x and y. */
  readonly std?: readonly [number, number];
  /** The density of residuals that a flow has learned. */
  readonly density?: ResidualDensity;
}

/** Predicts and scores the test half, averaged over mirror images where the data set allows it. */
export async function evaluate({ device, config, data, learner }: Session): Promise<Evaluation> {
  const { schema, mirrorable } = data.dataset;
  const params = evaluatedParams(learner);
  const network = { device, schema, config, params, state: learner.state };
  const predictions = await predict(network, data.test, { flipTest: mirrorable });
  const scores = score(schema, data.test, predictions.mu);
  const { sigma } = predictions;
  if (!sigma) return { predictions, scores };
  const correlation = sigmaCorrelation(sigma, scores.distances);
  const { std } = LOSSES[config.loss];
  if (std !== undefined) return { predictions, scores, correlation, std: [std, std] };
  const density = await learnedDensity(params.flow as RealNvpParams);
  return { predictions, scores, correlation, std: density.std, density };
}
