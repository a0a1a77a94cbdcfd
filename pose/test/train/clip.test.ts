import { describe, expect, test } from 'vitest';
import { tensorsOf } from 'wgrad';
import { readStatus } from 'wgrad/nn';
import { BACKENDS } from '../../../test/backends.js';
import { expectClose, norm, values } from '../../../test/numbers.js';
import { GPU_GRADIENT_RELATIVE, REFERENCE_RELATIVE } from '../../../test/tolerance.js';
import { TrainingBatches } from '../../src/train/batches.js';
import type { TrainConfig } from '../../src/train/config.js';
import { initLearner, trainStep } from '../../src/train/learner.js';
import { TINY, tinyData } from './runs.js';

describe.each(BACKENDS)('--clip on $name', ({ open, tolerance }) => {
  /** The first step: a tenth of the gradients as Adam took them, their norm as the device says, dispatches, weights. */
  async function firstStep(options: Partial<TrainConfig>) {
    const device = await open();
    const config: TrainConfig = { ...TINY, loss: 'laplace', ...options };
    const batches = new TrainingBatches(await tinyData(), config);
    const learner = initLearner(device, config, 14);
    const batch = await batches.at(0, 0);
    const { dispatches } = device.stats();
    const { optimizer, params } = trainStep(device, config, learner, batch, 1e-3, 0).learner;
    return {
      dispatches: device.stats().dispatches - dispatches,
      status: await readStatus(optimizer),
      moments: (await Promise.all(tensorsOf(optimizer.m).map(values))).flat(),
      weights: (await Promise.all(tensorsOf(params).map(values))).flat(),
    };
  }

  test.each([
    ['a batch', {}],
    ['a batch in parts', { accumulate: 2 }],
    // Smaller inputs overflow at the first loss scale, and the step is left out.
    ['mixed precision', { precision: 'mixed', size: 64 }],
  ] as const)("scales all gradients of %s by PyTorch's factor, in no more dispatches", async (_, options) => {
    const free = await firstStep(options);
    // In float64. Adam's first mean is a tenth of the gradient.
    const total = 10 * norm(free.moments);
    const relative = tolerance(REFERENCE_RELATIVE, GPU_GRADIENT_RELATIVE);
    expectClose([free.status.norm], [total], { relative }, 'norm');
    const clip = total / 3;
    const clipped = await firstStep({ ...options, clip });
    // torch.nn.utils.clip_grad_norm_: max_norm / (total_norm + 1e-6), at most 1.
    const factor = clip / (total + 1e-6);
    const expected = free.moments.map((m) => m * factor);
    const largest = Math.max(...expected.map(Math.abs));
    expectClose(clipped.moments, expected, { relative, absolute: relative * largest }, 'moments');
    expect([clipped.status, clipped.dispatches]).toEqual([free.status, free.dispatches]);
    expect(await firstStep({ ...options, clip: 2 * total })).toEqual(free);
  });
});
