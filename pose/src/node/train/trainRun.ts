import { isBestEpoch, meritOf } from '../../train/bestEpoch.js';
import { closeEpoch } from '../../train/closeEpoch.js';
import type { EpochSummary, Session } from '../../train/session.js';
import { type StepReport, trainEpoch } from '../../train/trainEpoch.js';
import { saveRun } from './runFile.js';
import { log, type RunFolder } from './runFolder.js';

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
  const ends = schema.normaliser?.map((k) => schema.joints[k]).join(' and ');
  return (
    `no held-out image has ${ends ? `both ${ends}` : 'a box and labels'}, which PCK@0.2 is measured by: the best checkpoint is that of the lowest ` +
    'held-out loss'
  );
}
