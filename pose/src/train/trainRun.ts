import { readStatus } from 'wgrad/nn';
import { isBestEpoch, meritOf } from './bestEpoch.js';
import { saveRun } from './checkpointing.js';
import { evaluatedParams } from './learner.js';
import { predict } from './predict.js';
import { log, type RunFolder } from './runFolder.js';
import { scoreAll } from './scores.js';
import type { EpochSummary, Session } from './session.js';
import { type StepReport, trainEpoch } from './trainEpoch.js';

/** Held-out images that are looked at after every epoch: enough for a curve, few enough not to cost as much as an epoch. */
const VALIDATION_IMAGES = 500;

/** Whoever shows how a run goes. */
export interface TrainObserver {
  onSteps(report: StepReport): void;
  onEpoch(summary: EpochSummary): void;
  onWarning(text: string): void;
}

/**
 * Trains to the end of the last epoch or until the signal aborts, with a validation, a line in the log and a checkpoint
 * after each epoch. An interrupted run is saved where it stands.
 * @returns whether the run is finished
 */
export async function trainRun(
  session: Session,
  folder: RunFolder,
  observer: TrainObserver,
  signal: AbortSignal,
): Promise<boolean> {
  const { config, progress, batches } = session;
  const warn = (text: string) => observer.onWarning(text);
  let told = false;
  while (progress.epoch < config.epochs) {
    await trainEpoch(session, (report) => observer.onSteps(report), warn, signal);
    if (progress.batch < batches.length) {
      await saveRun(session, folder.last);
      await log(folder, { event: 'interrupted', epoch: progress.epoch, batch: progress.batch });
      return false;
    }
    const summary = await closeEpoch(session);
    const merit = meritOf(summary);
    if (Number.isNaN(merit)) {
      if (!told) warn(withoutPck(session));
      told = true;
    }
    const isBest = isBestEpoch(progress);
    if (isBest && !Number.isNaN(merit)) progress.best = merit;
    await saveRun(session, folder.last);
    if (isBest) await saveRun(session, folder.best);
    await log(folder, { event: 'epoch', ...summary });
    observer.onEpoch(summary);
  }
  return true;
}

/** Why epochs have no PCK, and what the best checkpoint is then. */
function withoutPck({ data }: Session): string {
  const { schema } = data.dataset;
  const torso = schema.torso.map((k) => schema.joints[k]).join(' and ');
  return (
    `no held-out image has both ${torso}, which PCK@0.2 is measured by: the best checkpoint is that of the lowest ` +
    'held-out loss'
  );
}

/** Validates and moves `progress` on to the next epoch. */
async function closeEpoch({ device, config, data, learner, progress, batches }: Session): Promise<EpochSummary> {
  const { schema } = data.dataset;
  // Every n-th image: data sets are often sorted.
  const stride = Math.ceil(data.test.length / VALIDATION_IMAGES);
  const samples = data.test.filter((_, i) => i % stride === 0);
  const network = { device, schema, config, params: evaluatedParams(learner), state: learner.state };
  const predictions = await predict(network, samples, { flipTest: false });
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
