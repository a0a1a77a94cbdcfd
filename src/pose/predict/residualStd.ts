import type { Device } from '../../tensor/backend.js';
import type { PoseCheckpoint } from '../checkpoints/poseCheckpoint.js';
import { regressorOf } from '../checkpoints/regressorOf.js';
import { LOSS_NAMES } from '../train/config.js';
import { learnedDensity } from '../train/learnedDensity.js';
import { LOSSES } from '../train/losses.js';

/**
 * One standard deviation of a residual in units of sigma, along x and y: the flow's where there is one, else that of the
 * density that the run's loss assumed, of Laplace's where nothing is known.
 */
export async function residualStd(device: Device, checkpoint: PoseCheckpoint): Promise<readonly [number, number]> {
  const flat = checkpoint.architecture.flows.find(({ dims }) => dims === 2);
  const { params } = regressorOf(device, checkpoint);
  const flow = flat && (params as Record<string, unknown>)[flat.name];
  if (flow) return (await learnedDensity(flow as Parameters<typeof learnedDensity>[0])).std;
  const loss = LOSS_NAMES.find((name) => name === checkpoint.loss) ?? 'laplace';
  const { std } = LOSSES[loss];
  const assumed = std ?? (LOSSES.laplace.std as number);
  return [assumed, assumed];
}
