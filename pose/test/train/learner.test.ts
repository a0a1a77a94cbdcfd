import { describe, expect, test } from 'vitest';
import { cpu, tensorsOf, webgpu } from 'wgrad';
import type { ResnetState } from 'wgrad/nn';
import { BACKENDS } from '../../../test/backends.js';
import { expectClose } from '../../../test/numbers.js';
import { GPU_LOSS_RELATIVE, REFERENCE_RELATIVE } from '../../../test/tolerance.js';
import { TrainingBatches } from '../../src/train/batches.js';
import { initLearner, type StepConfig, trainStep } from '../../src/train/learner.js';
import { TINY, tinyData } from './runs.js';

const JOINTS = 14;

describe.each(BACKENDS)('a step in parts on $name', ({ name, tolerance }) => {
  const open = async () => (name === 'GPU' ? webgpu() : cpu());

  /** The first step's loss, the memory at its peak, and how often batch norm has seen a batch. */
  async function firstStep(options: Partial<StepConfig>) {
    const device = await open();
    const config = { ...TINY, batch: 8, size: 32, loss: 'laplace', ...options } as const;
    const batches = new TrainingBatches(await tinyData(), config);
    const { loss, learner } = trainStep(
      device,
      config,
      initLearner(device, config, JOINTS),
      await batches.at(0, 0),
      1e-3,
      0,
    );
    const result = {
      loss: await loss.item(),
      steps: (await learner.optimizer.status.data())[0],
      batchNorms: (learner.state.preact as ResnetState).bn1.num_batches_tracked,
      peak: device.memory().peakBytes,
      tensors: tensorsOf(learner).length,
      weights: await learner.params.fc_coord?.linear.weight.data(),
    };
    device.destroy();
    return result;
  }

  test('is one step of the optimiser on the mean of the parts', async () => {
    const [whole, parts] = [await firstStep({}), await firstStep({ accumulate: 4 })];
    // The first batches of 2 are the parts of the first batch of 8: the order of the images is the same.
    const device = await open();
    const config = { ...TINY, batch: 2, size: 32, loss: 'laplace' } as const;
    const batches = new TrainingBatches(await tinyData(), config);
    const losses: number[] = [];
    for (let k = 0; k < 4; k++) {
      const { loss } = trainStep(device, config, initLearner(device, config, JOINTS), await batches.at(0, k), 1e-3, k);
      losses.push(await loss.item());
    }
    device.destroy();
    const mean = losses.reduce((a, b) => a + b) / 4;
    expectClose([parts.loss], [mean], { relative: tolerance(REFERENCE_RELATIVE, GPU_LOSS_RELATIVE) }, 'loss');
    expect(parts).toMatchObject({ steps: 1, batchNorms: 4, tensors: whole.tensors });
    expect(whole).toMatchObject({ steps: 1, batchNorms: 1 });
  });

  test('takes less memory', async () => {
    const size = { batch: 20, size: 96 };
    const [whole, parts] = [await firstStep(size), await firstStep({ ...size, accumulate: 10 })];
    expect(parts.peak).toBeLessThan(0.6 * whole.peak);
  });

  test('takes less memory, for the same bits, where blocks are run again', async () => {
    const deep = { model: 'resnet50', batch: 8, size: 64 } as const;
    const [{ peak: kept, ...whole }, { peak, ...again }] = [
      await firstStep(deep),
      await firstStep({ ...deep, checkpoint: true }),
    ];
    expect(again).toEqual(whole);
    expect(peak).toBeLessThan(0.7 * kept);
  });
});
