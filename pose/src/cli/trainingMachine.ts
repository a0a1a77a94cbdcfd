import type { Device } from 'wgrad';
import type { DataWorkers } from '../node/train/dataWorkers.js';
import { endAtOnce, INTERRUPTED, PATIENCE, untilInterrupt } from './interrupt.js';
import { openBackend } from './openBackend.js';
import { say } from './say.js';
import { openWorkers } from './trainingData.js';

/** Device, threads and the signal of Ctrl-C, which a training command uses. */
export interface TrainingMachine {
  readonly device: Device;
  readonly workers: DataWorkers | undefined;
  readonly signal: AbortSignal;
}

/**
 * Opens what the options name, lets `use` work with it, and closes it again. The first Ctrl-C aborts the signal. Work
 * that has something to save then ends normally; if the abort is thrown instead, only the exit code is set.
 */
export async function withTrainingMachine(
  { backend, workers: threads }: { readonly backend: string; readonly workers?: string },
  use: (machine: TrainingMachine) => Promise<void>,
): Promise<void> {
  const workers = openWorkers(threads);
  const device = await openBackend(backend);
  const { signal, release } = untilInterrupt(() => say('stopping after this step; Ctrl-C again exits at once'));
  try {
    say(`device: ${device.description}`);
    await use({ device, workers, signal });
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
    say('stopped before the first step; there was nothing to save');
    process.exitCode = INTERRUPTED;
  } finally {
    release();
    const closed = workers?.close();
    if (signal.aborted) await leaveSoon(closed);
    else await closed;
    device.destroy();
  }
}

/** All is saved: a thread that waits for a disk that does not answer does not keep the process. */
async function leaveSoon(closed: Promise<void> | undefined): Promise<void> {
  if (!closed) return;
  const timer = setTimeout(endAtOnce, PATIENCE);
  await closed;
  clearTimeout(timer);
}
