import { describe, expect, test } from 'vitest';
import { type Device, eachLeaf, Tensor } from 'wgrad';
import { BACKENDS } from '../../../test/backends.js';
import { TrainingBatches } from '../../src/train/batches.js';
import type { TrainConfig } from '../../src/train/config.js';
import { capturedTrainStep, initLearner, type TrainStep, trainStep } from '../../src/train/learner.js';
import { TINY, tinyData } from './runs.js';

/** The reference replays nothing, and shows in a few steps what it shows in many. */
const STEPS = { cpu: 2, webgpu: 8 };

/** Losses and all that is left on the device after some steps, with a rate and a batch of their own each. */
async function run(device: Device, config: TrainConfig, step: TrainStep) {
  const batches = new TrainingBatches(await tinyData(), config);
  let learner = initLearner(device, config, 14);
  const losses: number[] = [];
  for (let i = 0; i < STEPS[device.kind]; i++) {
    const next = await step(learner, await batches.at(0, i % batches.length), 1e-3 / (1 + i), i);
    losses.push(await next.loss.item());
    next.loss.dispose();
    learner = next.learner;
  }
  const leaves: [path: string, value: unknown][] = [];
  eachLeaf(learner, (leaf, path) => leaves.push([path, leaf]));
  const state = await Promise.all(
    leaves.map(async ([path, leaf]) => [path, leaf instanceof Tensor ? Array.from(await leaf.data()) : leaf] as const),
  );
  return { losses, state };
}

describe.each(BACKENDS)('capturedTrainStep on $name', ({ open }) => {
  test.each([
    ['RLE', {}],
    ['log s on a grid, batches in parts', { logS: 'jitteredGrid', accumulate: 2 }],
    ['log s by draws from a Student-t', { logS: 'importance', q: 'studentT', head: 'integral' }],
    ['heatmaps', { loss: 'heatmap', head: 'heatmap' }],
    ['mixed precision, clipped', { precision: 'mixed', clip: 0.1 }],
    ['Laplace, batches in parts, clipped, averaged weights', { loss: 'laplace', accumulate: 2, clip: 0.1, ema: 0.9 }],
  ] as const)('takes the same steps as trainStep, bit for bit: %s', async (_, changed) => {
    const device = await open();
    const config: TrainConfig = { ...TINY, ...changed };
    const eager = await run(device, config, (...args) => trainStep(device, config, ...args));
    const captured = await run(device, config, capturedTrainStep(device, config));
    expect(captured.losses).toEqual(eager.losses);
    expect(new Set(captured.losses).size).toBe(STEPS[device.kind]);
    expect(captured.state).toEqual(eager.state);
    expect(captured.state.find(([path]) => path.endsWith('bn1.num_batches_tracked'))).toEqual([
      expect.any(String),
      STEPS[device.kind] * (config.accumulate ?? 1),
    ]);
  });
});
