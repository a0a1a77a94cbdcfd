import { DataError } from 'wgrad';
import { bestEpochOf, meritOf } from '../../train/bestEpoch.js';
import { closeEpoch } from '../../train/closeEpoch.js';
import type { EpochSummary, Session } from '../../train/session.js';
import { MissingBatchError, type StepReport, trainEpoch } from '../../train/trainEpoch.js';
import { saveRun } from './runFile.js';
import { ensureFolder, log, type RunFolder } from './runFolder.js';

/** Whoever shows how a run goes. */
export interface TrainObserver {
  onSteps(report: StepReport): void;
  onEpoch(summary: EpochSummary): void;
  onWarning(text: string): void;
}

/**
 * Trains to the end of the last epoch or until the signal aborts, with a validation, a checkpoint and a line in the log
 * after each epoch: files in the order that `openRun` counts on. An interrupted run is saved where it stands, also one whose
 * next batch cannot be had. Of several ranks, rank 0 writes.
 * @returns whether the run is finished
 * @throws DataError that says why a batch cannot be had, and where the run was saved
 */
export async function trainRun(
  session: Session,
  folder: RunFolder,
  observer: TrainObserver,
  signal: AbortSignal,
): Promise<boolean> {
  const { config, progress, team } = session;
  const warn = (text: string) => observer.onWarning(text);
  let told = false;
  while (progress.epoch < config.epochs) {
    let missing: MissingBatchError | undefined;
    const summary = await oneEpoch(session, observer, signal).catch((error: unknown) => {
      if (error instanceof MissingBatchError) missing = error;
      else if (!signal.aborted || error !== signal.reason) throw error;
    });
    if (!summary) {
      await saveStopped(session, folder, missing);
      return false;
    }
    if (Number.isNaN(meritOf(summary))) {
      if (!told) warn(withoutPck(session));
      told = true;
    }
    const isBest = bestEpochOf(progress.history) === progress.epoch;
    await team.first(async () => {
      await ensureFolder(folder);
      await saveRun(session, folder.last, ...(isBest ? [folder.best] : []));
      await log(folder, { event: 'epoch', ...summary });
    });
    observer.onEpoch(summary);
  }
  return true;
}

/** Undefined if the signal aborts in the middle. */
async function oneEpoch(
  session: Session,
  observer: TrainObserver,
  signal: AbortSignal,
): Promise<EpochSummary | undefined> {
  const { progress, batches } = session;
  await trainEpoch(
    session,
    (report) => observer.onSteps(report),
    (text) => observer.onWarning(text),
    signal,
  );
  return progress.batch < batches.length ? undefined : closeEpoch(session, signal);
}

/** Saves a run that stops in the middle of an epoch, and throws if that is because a batch is missing. */
async function saveStopped(session: Session, folder: RunFolder, missing: MissingBatchError | undefined): Promise<void> {
  const { epoch, batch } = session.progress;
  try {
    await session.team.first(async () => {
      await ensureFolder(folder);
      await saveRun(session, folder.last);
      await log(folder, { event: 'interrupted', epoch, batch, ...(missing && { why: missing.message }) });
    });
  } catch (error) {
    if (!missing) throw error;
    throw new DataError(`${missing.message}; and the run could not be saved: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (!missing) return;
  const { cause } = missing;
  // What is not the data's fault is thrown as it is, for whoever looks for the cause.
  if (!(cause instanceof DataError)) throw cause;
  throw new DataError(`${missing.message}; the run is saved, go on with --resume ${folder.last}`, { cause });
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
