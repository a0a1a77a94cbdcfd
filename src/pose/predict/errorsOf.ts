import type { Device } from '../../tensor/backend.js';
import { networkOf } from '../checkpoints/networkOf.js';
import type { PoseCheckpoint } from '../checkpoints/poseCheckpoint.js';
import { learnedErrors } from '../train/learnedDensity.js';
import { LOSSES, residualOf } from '../train/losses.js';
import type { ErrorDensity } from '../uncertainty/errorDensity.js';

/**
 * The density of a network's errors in units of sigma, along x and y: the flow's where there is one, times Q if
 * the run had log s, else the one that its loss assumed, Laplace's where nothing is known; nothing of a network without sigma.
 */
export async function errorsOf(device: Device, checkpoint: PoseCheckpoint): Promise<ErrorDensity | undefined> {
  if (!checkpoint.architecture.sigma) return undefined;
  const flat = checkpoint.architecture.flows.find(({ dims }) => dims === 2);
  const { params } = networkOf(device, checkpoint);
  const flow = flat && params[flat.name];
  const { run } = checkpoint;
  return learnedErrors(device, {
    flow,
    residualOf: run && residualOf(run),
    assumed: run && LOSSES[run.loss].assumed,
  });
}
