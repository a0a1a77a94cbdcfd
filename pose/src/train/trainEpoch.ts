import { DataError, detectAnomaly } from 'wgrad';
import { abortable } from '../abortable.js';
import { checkBroken, mergeBroken } from '../brokenPictures.js';
import { nextTurn } from '../nextTurn.js';
import type { CropBatch } from './cropBatch.js';
import { trainStep } from './learner.js';
import { scheduleOf } from './learningRate.js';
import type { Session } from './session.js';

/**
 * The losses of so many steps are awaited together: if the host waited at every step, the device would wait for the
 * host.
 */
const STEPS_PER_READ = 4;
/** After so many steps in a row without a finite loss, training is given up. */
const HOPELESS = 12;

/** The loss of a run stays without a finite value. */
export class DivergedError extends DataError {}

/** A batch cannot be had; the session stands sound before it. The cause says why. */
export class MissingBatchError extends DataError {}

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
 * Trains from where the session stands to the end of its epoch, or until the signal aborts; `progress` follows what the
 * device has done. An abort is heard while a batch is waited for, too.
 * @throws DivergedError if the loss stays without a finite value; MissingBatchError
 */
export async function trainEpoch(
  session: Session,
  onSteps: (report: StepReport) => void,
  onWarning: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { config, batches, progress, team } = session;
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

  // The next steps are queued while the last losses are read, so that the device is never idle.
  let reading = Promise.resolve();
  let losses: Promise<number>[] = [];
  let missing: MissingBatchError | undefined;
  for (let index = progress.batch; index < batches.length && !signal.aborted; index++) {
    const step = progress.epoch * batches.length + index;
    const waiting = () => abortable(batches.at(progress.epoch, index), team.size > 1 ? team.asked : signal);
    const batch = await team.all(waiting).catch((cause: unknown) => {
      if (!signal.aborted)
        missing = new MissingBatchError(cause instanceof Error ? cause.message : String(cause), { cause });
    });
    if (batch) missing = countBroken(session, batch, onWarning);
    if (!batch || missing) break;
    const { loss, learner } = await session.step(session.learner, batch, rate(step), step);
    session.learner = learner;
    // The loss is requested now, since the next step overwrites it, and awaited some steps later.
    const value = loss.item();
    value.catch(() => undefined);
    loss.dispose();
    losses.push(value);
    if (losses.length === STEPS_PER_READ) {
      await reading;
      if (bad >= HOPELESS) await team.all(() => giveUp(session, bad));
      reading = account(losses);
      reading.catch(() => undefined); // thrown where it is awaited, a few steps later
      losses = [];
    }
    // Gives Ctrl-C and the progress bar their turn.
    await nextTurn();
  }
  await reading;
  if (losses.length > 0) await account(losses);
  if (missing) throw missing;
  if (bad > 0 && progress.lossCount === 0) await team.all(() => giveUp(session, bad));
}

/**
 * Counts the pictures that are left out of a batch, in the order of batches, whoever made them. What would be too many is not
 * counted, so that the run can go on where they are mended.
 */
function countBroken(
  { config, progress }: Session,
  { broken = [] }: CropBatch,
  onWarning: (text: string) => void,
): MissingBatchError | undefined {
  if (broken.length === 0) return undefined;
  const all = mergeBroken(progress.broken, broken);
  try {
    checkBroken(all, config.skipBroken);
  } catch (cause) {
    return new MissingBatchError((cause as Error).message, { cause });
  }
  const told = new Set(progress.broken.map(({ picture }) => picture));
  for (const { picture, why } of all) {
    if (!told.has(picture)) onWarning(`${picture}: ${why}; it is left out`);
    told.add(picture);
  }
  progress.broken = all;
  return undefined;
}

/**
 * Repeats a step to find which numbers stop being finite; the session cannot be used afterwards. The ranks of a run have the
 * same losses, so all of them come here.
 * @throws DivergedError
 */
async function giveUp(session: Session, bad: number): Promise<never> {
  const { device, learner, batches, progress, share } = session;
  const config = { ...session.config, share };
  const batch = await batches.at(progress.epoch, 0);
  const repeated = detectAnomaly(device, () => trainStep(device, config, learner, batch, 0, progress.step));
  const where = await repeated.then(
    () => '',
    (error: Error) => ` (${error.message})`,
  );
  throw new DivergedError(
    `training diverged: no finite loss in the last ${bad} steps up to step ${progress.step}${where}; ` +
      `go back to the best checkpoint with --init, and take a smaller --lr than ${config.lr}`,
  );
}
