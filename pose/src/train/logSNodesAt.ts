import { type Device, Rng } from 'wgrad';
import { type LogSNodes, logSNodes, realNvp } from 'wgrad/rle';
import type { TrainConfig } from './config.js';
import { DENSITIES } from './losses.js';

/** Streams of random numbers of the run's seed (see `batches.ts` for others). */
const STEP_STREAM = 4;
const EVALUATION_STREAM = 5;

/** Nodes per joint of a batch; with two, their noise is below that of the batch. */
const NODES_PER_JOINT = 2;
const FEWEST = 256;
const MOST = 4096;
/** The grid is on [-7, 7]: its step is half a unit or finer. */
const LEAST_POINTS_PER_AXIS = 29;

/**
 * The nodes at which a step estimates log s. They depend only on the run's seed and the step's number, so that a
 * resumed run draws what an uninterrupted one does. Evaluation always uses the same nodes, so that its losses can be
 * compared. The nodes are made on the device before the step and are part of its input, because a replayed step cannot
 * draw.
 *
 * @param joints joints per person
 * @returns undefined where the run has no log s
 */
export function logSNodesAt(
  device: Device,
  { seed, q, logS, batch, dims }: Pick<TrainConfig, 'seed' | 'q' | 'logS' | 'batch' | 'dims'>,
  joints: number,
  step: number | 'evaluation',
): LogSNodes | undefined {
  if (logS === 'none') return undefined;
  const rng = step === 'evaluation' ? new Rng(seed, EVALUATION_STREAM) : new Rng(seed, STEP_STREAM).split(step);
  const samples = Math.min(MOST, Math.max(FEWEST, NODES_PER_JOINT * batch * joints));
  const over = (d: number) => {
    const pointsPerAxis = Math.max(LEAST_POINTS_PER_AXIS, Math.ceil(samples ** (1 / d)));
    return logSNodes(logS, realNvp({ dims: d }), device, { rng, q: DENSITIES[q], samples, pointsPerAxis });
  };
  return dims === 3 ? { ...over(3), plane: over(2) } : over(2);
}
