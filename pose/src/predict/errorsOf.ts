import type { Device } from 'wgrad';
import { networkOf } from '../checkpoints/networkOf.js';
import type { PoseCheckpoint } from '../checkpoints/poseCheckpoint.js';
import { learnedErrors } from '../train/learnedDensity.js';
import { isPlaceOpen, LOSSES, residualOf } from '../train/losses.js';
import type { ErrorDensity } from '../uncertainty/errorDensity.js';

/**
 * The density of a network's errors in units of sigma. With a flow it is the flow's (in 3-D that for joints with a
 * depth), times Q if the run had log s. Without a flow it is the density that the run's loss assumed, or Laplace's
 * where the run is not known. Undefined for a network without sigma.
 */
export async function errorsOf(device: Device, checkpoint: PoseCheckpoint): Promise<ErrorDensity | undefined> {
  const { sigma, dims, flows } = checkpoint.architecture;
  if (!sigma) return undefined;
  const shape = flows.find((flow) => flow.dims === dims);
  const { params } = networkOf(device, checkpoint);
  const flow = shape && params[shape.name];
  const { run } = checkpoint;
  return learnedErrors(device, {
    dims,
    flow,
    residualOf: run && residualOf(run),
    assumed: run && LOSSES[run.loss].assumed,
    isPlaceOpen: run && isPlaceOpen(run),
  });
}
