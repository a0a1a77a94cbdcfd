import type { RealNvpParams } from 'wgrad/rle';
import type { ResidualDensity } from '../report/runReport.js';
import { flipAveraged } from '../uncertainty/errorDensity.js';
import { learnedDensity, trainedErrors } from './learnedDensity.js';
import { evaluatedParams } from './learner.js';
import { residualOf } from './losses.js';
import { type Predictions, predict } from './predict.js';
import { type ScoredPoses, scoreAll } from './scores.js';
import type { Session } from './session.js';
import { type TestedUncertainty, testUncertainty } from './testUncertainty.js';

/** How a network does on the whole test half. */
export interface Evaluation {
  readonly predictions: Predictions;
  readonly scores: ScoredPoses;
  /** Whether the errors are what the network expects, if it has a sigma. */
  readonly uncertainty?: TestedUncertainty;
  /** The density of residuals that a flow over the plane has learned. */
  readonly density?: ResidualDensity;
}

/**
 * Predicts and scores the test half; predictions are averaged with those for mirror images where the data set allows
 * it.
 * @throws the reason of the signal, when it aborts
 */
export async function evaluate(
  { device, config, data, learner, team }: Session,
  signal?: AbortSignal,
): Promise<Evaluation> {
  const { schema, mirrorable } = data.dataset;
  const params = evaluatedParams(learner);
  const network = { device, schema, config, params, state: learner.state, team };
  const errors = await trainedErrors(device, config, params);
  const predictions = await predict(network, data.test, { flipTest: mirrorable, shift: errors?.shift, signal });
  const scores = scoreAll(schema, data.test, predictions);
  if (!errors) return { predictions, scores };
  const flow = params.flow as RealNvpParams | undefined;
  return {
    predictions,
    scores,
    uncertainty: testUncertainty(schema, data.test, predictions, mirrorable ? flipAveraged(errors) : errors),
    density: flow && (await learnedDensity(flow, errors, { q: config.q, residualOf: residualOf(config) })),
  };
}
