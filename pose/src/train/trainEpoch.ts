import { DataError, detectAnomaly } from 'wgrad';
import { nextTurn } from '../nextTurn.js';
import { trainStep } from './learner.js';
import { scheduleOf } from './learningRate.js';
import type { Session } from './session.js';

/** Steps whose losses are awaited together: to wait at every step would make the device wait for the host. */
const STEPS_PER_READ = 4;
/** Steps in a row without a finite loss after which there is nothing left to hope for. */
const HOPELESS = 12;

/** The loss of a run has no finite value any more. */
export class DivergedError extends DataError {}

/** What is known after some steps. */
export interface StepReport {
  /** Both from 0; `batch` is the number of batches of the epoch that are done. */
  readonly epoch: number;
  readonly batch: number;
  /** Mean loss of the steps since the last report. */
  readonly loss: number;
  readonly imagesPerSecond: number;
}

/**
 * Trains from where the session stands to the end of its epoch, or until the signal aborts, and brings `progress` up to
 * what the device has done.
 * @throws DivergedError when the loss stays without a finite value
 */
export async function trainEpoch(
  session: Session,
  onSteps: (report: StepReport) => void,
  onWarning: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { config, batches, progress } = session;
  const rate = scheduleOf(config, batches.length);
  let bad = 0;
  let since = performance.now();

  const account = async (losses: readonly Promise<number>[]) => {
    const values = await Promise.all(losses);
    const now = performance.now();
    const seconds = (now - since) / 1000;
    since = now;
    for (const value of values) {
      progress.step++;
      progress.batch++;
      if (Number.isFinite(value)) {
        progress.lossSum += value;
        progress.lossCount++;
        bad = 0;
        continue;
      }
      bad++;
      onWarning(`step ${progress.step}: the loss is ${value}; the update is left out`);
    }
    progress.seconds += seconds;
    const loss = values.reduce((sum, value) => sum + value, 0) / values.length;
    onSteps({
      epoch: progress.epoch,
      batch: progress.batch,
      loss,
      imagesPerSecond: (values.length * config.batch) / seconds,
    });
  };

  // The next steps are queued while the losses of the last ones travel, so the device is never idle.
  let reading = Promise.resolve();
  let losses: Promise<number>[] = [];
  for (let index = progress.batch; index < batches.length && !signal.aborted; index++) {
    const step = progress.epoch * batches.length + index;
    const batch = await batches.at(progress.epoch, index);
    const { loss, learner } = await session.step(session.learner, batch, rate(step), step);
    session.learner = learner;
    // Asked for now, since the next step overwrites it, and awaited some steps later.
    const value = loss.item();
    value.catch(() => undefined);
    loss.dispose();
    losses.push(value);
    if (losses.length === STEPS_PER_READ) {
      await reading;
      if (bad >= HOPELESS) throw await diverged(session, bad);
      reading = account(losses);
      reading.catch(() => undefined); // thrown where it is awaited, a few steps later
      losses = [];
    }
    // Ctrl-C and the progress bar want their turn.
    await nextTurn();
  }
  await reading;
  if (losses.length > 0) await account(losses);
  if (bad > 0 && progress.lossCount === 0) throw await diverged(session, bad);
}

/** Repeats a step to find where numbers cease to be finite; the session cannot be used any more. */
async function diverged(session: Session, bad: number): Promise<DivergedError> {
  const { device, config, learner, batches, progress } = session;
  const batch = await batches.at(progress.epoch, 0);
  const repeated = detectAnomaly(device, () => trainStep(device, config, learner, batch, 0, progress.step));
  const where = await repeated.then(
    () => '',
    (error: Error) => ` (${error.message})`,
  );
  return new DivergedError(
    `training diverged: no finite loss in the last ${bad} steps up to step ${progress.step}${where}; ` +
      `go back to the best checkpoint with --init, and take a smaller --lr than ${config.lr}`,
  );
}
