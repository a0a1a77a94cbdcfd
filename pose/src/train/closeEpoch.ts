import { readStatus } from 'wgrad/nn';
import { shiftOfCurves } from './learnedDensity.js';
import { evaluatedParams } from './learner.js';
import { predict } from './predict.js';
import type { LoadedSample } from './samples.js';
import { scoreAll } from './scores.js';
import type { EpochSummary, Session } from './session.js';

/** The most held-out images used after every epoch: enough for a curve, and cheap compared with an epoch. */
const VALIDATION_IMAGES = 500;

/** The part of the test half that is seen after each epoch: every n-th image, because data sets are often sorted. */
export function validationSamples(test: readonly LoadedSample[]): readonly LoadedSample[] {
  const stride = Math.ceil(test.length / VALIDATION_IMAGES);
  return test.filter((_, i) => i % stride === 0);
}

/**
 * Validates the epoch and moves `progress` on to the next one. Of several ranks, those behind rank 0 go on with its running
 * statistics, which are those that are saved.
 * @throws the reason of the signal, if it aborts before
 */
export async function closeEpoch(
  { device, config, data, learner, progress, batches, team }: Session,
  signal?: AbortSignal,
): Promise<EpochSummary> {
  const { schema } = data.dataset;
  const samples = validationSamples(data.test);
  await team.spread(learner.state);
  const params = evaluatedParams(learner);
  const network = { device, schema, config, params, state: learner.state, team };
  const shift = await shiftOfCurves(device, config, params);
  const predictions = await predict(network, samples, { flipTest: false, shift, signal });
  const { pck20, pckh50, space } = scoreAll(schema, samples, predictions);
  const finite = (value: number) => (Number.isFinite(value) ? value : null);
  const summary: EpochSummary = {
    epoch: progress.epoch + 1,
    trainLoss: progress.lossSum / progress.lossCount,
    validLoss: predictions.loss,
    pck20,
    ...(pckh50 !== undefined && { pckh50 }),
    ...(space && { mpjpe: finite(space.mpjpe), paMpjpe: finite(space.paMpjpe) }),
    imagesPerSecond: (batches.length * config.batch) / progress.seconds,
    skipped: (await readStatus(learner.optimizer)).skipped,
  };
  progress.history.push(summary);
  Object.assign(progress, { epoch: progress.epoch + 1, batch: 0, lossSum: 0, lossCount: 0, seconds: 0 });
  return summary;
}
