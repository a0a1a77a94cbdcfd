import { describe, expect, test } from 'vitest';
import { BACKENDS } from '../../../test/backends.js';
import { TrainingBatches } from '../../src/train/batches.js';
import type { TrainConfig } from '../../src/train/config.js';
import { initLearner, trainStep } from '../../src/train/learner.js';
import { TINY, tinyData } from './runs.js';

/** A flow at hundreds of nodes is slow on the reference. */
const CASES = [
  ['heatmap', { loss: 'heatmap', head: 'heatmap' }, 20],
  ['dsnt', { loss: 'dsnt', head: 'integral' }, 20],
  ['rle with Q = logistic', { q: 'logistic' }, 6],
  ['rle with log s by draws', { logS: 'importance' }, 6],
  ['rle with log s on a grid, Q = studentT', { logS: 'jitteredGrid', q: 'studentT', head: 'integral' }, 6],
] as const;

describe.each(BACKENDS)('$name', ({ open }) => {
  test.each(CASES)('%s: some steps on a batch make its loss fall', async (_, options, steps) => {
    const device = await open();
    const config: TrainConfig = { ...TINY, ...options };
    const batch = await new TrainingBatches(await tinyData(), config).at(0, 0);
    let learner = initLearner(device, config, 14);
    const losses: number[] = [];
    for (let step = 0; step < steps; step++) {
      const next = trainStep(device, config, learner, batch, 5e-3, step);
      learner = next.learner;
      losses.push(await next.loss.item());
      next.loss.dispose();
    }
    const fallen = losses[0] - losses[steps - 1];
    expect(fallen, losses.join()).toBeGreaterThan(0.05 * Math.abs(losses[0]));
  });
});
