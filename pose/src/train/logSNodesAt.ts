import { type Device, Rng } from 'wgrad';
import { type LogSNodes, logSNodes, realNvp } from 'wgrad/rle';
import type { TrainConfig } from './config.js';
import { DENSITIES } from './losses.js';

/** Streams of the run's seed (see `batches.ts` for others). */
const STEP_STREAM = 4;
const EVALUATION_STREAM = 5;

/** Nodes for each joint of a batch: twice as many, so that their noise is below that of the batch. */
const NODES_PER_JOINT = 2;
const FEWEST = 256;
const MOST = 4096;
/** Of a grid on [-7, 7]: a step of half a unit, or finer. */
const LEAST_POINTS_PER_AXIS = 29;

/**
 * Where a step estimates log s: fresh nodes, which depend on the run's seed and on the step's number alone, so that a
 * resumed run draws what an uninterrupted one does. Evaluation has nodes of its own, always the same, so that its losses
 * compare. They are made on the device, ahead of the step, as a part of its input: a replayed step draws nothing.
 *
 * @param joints of a person
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
