import type { Device } from 'wgrad';
import { networkOf } from '../checkpoints/networkOf.js';
import type { PoseCheckpoint } from '../checkpoints/poseCheckpoint.js';
import { learnedErrors } from '../train/learnedDensity.js';
import { isPlaceOpen, LOSSES, residualOf } from '../train/losses.js';
import type { ErrorDensity } from '../uncertainty/errorDensity.js';

/**
 * The density of a network's errors in units of sigma. With a flow it is the flow's (in 3-D that for joints with a
 * depth), times Q if the loss had log s. Without a flow it is the density that the loss assumed, or Laplace's
 * where the loss is not known. Undefined for a network without sigma.
 */
export async function errorsOf(device: Device, checkpoint: PoseCheckpoint): Promise<ErrorDensity | undefined> {
  const { sigma, dims } = checkpoint.architecture;
  if (!sigma) return undefined;
  const shape = flowIn(checkpoint);
  const { params } = networkOf(device, checkpoint);
  const flow = shape && params[shape.name];
  const { loss } = checkpoint;
  return learnedErrors(device, {
    dims,
    flow,
    residualOf: loss && residualOf(loss),
    assumed: loss && LOSSES[loss.loss].assumed,
    isPlaceOpen: flow && loss && isPlaceOpen(loss),
  });
}

const flowIn = ({ architecture: { dims, flows } }: PoseCheckpoint) => flows.find((flow) => flow.dims === dims);

/** What is to be said of poses that are at mu although the loss leaves open where that is, because the flow is gone. */
export function placeNote(checkpoint: PoseCheckpoint): string | undefined {
  const { path, loss } = checkpoint;
  if (!loss || !isPlaceOpen(loss) || flowIn(checkpoint)) return undefined;
  return (
    `${path}: the loss ${loss.loss} that trained it leaves open where mu is, and the file has not the flow that tells it: poses are at mu, ` +
    'and may be off'
  );
}
