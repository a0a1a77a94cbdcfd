import { type LogSNodes, logSNodes } from '../../rle/logS.js';
import type { Device } from '../../tensor/backend.js';
import { Rng } from '../../tensor/rng.js';
import type { TrainConfig } from './config.js';
import { DENSITIES, RESIDUAL_FLOW } from './losses.js';

/** Streams of the run's seed (see `batches.ts` for others). */
const STEP_STREAM = 4;
const EVALUATION_STREAM = 5;

/** About a thousand nodes: twice as many as a batch has joints, so that their noise is below that of the batch. */
const SAMPLES = 1024;
const POINTS_PER_AXIS = 33;

/**
 * Where a step estimates log s: fresh nodes, which depend on the run's seed and on the step's number alone, so that a
 * resumed run draws what an uninterrupted one does. Evaluation has nodes of its own, always the same, so that its losses
 * compare. They are made on the device, ahead of the step, as a part of its input: a replayed step draws nothing.
 *
 * @returns undefined where the run has no log s
 */
export function logSNodesAt(
  device: Device,
  { seed, q, logS }: Pick<TrainConfig, 'seed' | 'q' | 'logS'>,
  step: number | 'evaluation',
): LogSNodes | undefined {
  if (logS === 'none') return undefined;
  const rng = step === 'evaluation' ? new Rng(seed, EVALUATION_STREAM) : new Rng(seed, STEP_STREAM).split(step);
  return logSNodes(logS, RESIDUAL_FLOW, device, {
    rng,
    q: DENSITIES[q],
    samples: SAMPLES,
    pointsPerAxis: POINTS_PER_AXIS,
  });
}
