import { describe, expect, test } from 'vitest';
import { cpu, type Device, tensorsOf, webgpu } from 'wgrad';
import { JOINTS, randomBatch } from '../../../bench/trainingStep.js';
import { withGpu } from '../../../test/adapter.js';
import { values } from '../../../test/numbers.js';
import { MIXED_LOSS } from '../../../test/tolerance.js';
import type { TrainConfig } from '../../src/train/config.js';
import { initLearner, trainStep } from '../../src/train/learner.js';
import { makeConfig } from '../../src/train/makeConfig.js';

/** Its last stage has 2 x 2 pixels: batch norms over fewer values than 4 x 16 would magnify what is rounded. */
const SMALL: TrainConfig = { ...makeConfig({}, 'cpu'), loss: 'laplace', batch: 16, width: 8, size: 64 };

/** Some steps on one batch of noise: losses, what the last one made, and all that is left. */
async function train(device: Device, config: TrainConfig, steps: number) {
  let learner = initLearner(device, config, JOINTS);
  const batch = randomBatch(config);
  const losses: number[] = [];
  let before = device.stats();
  for (let k = 0; k < steps; k++) {
    before = device.stats();
    const next = trainStep(device, config, learner, batch, 1e-3, k);
    learner = next.learner;
    losses.push(await next.loss.item());
    next.loss.dispose();
  }
  const { buffers, bindGroups, dispatches } = device.stats();
  const { lossScale, status } = learner.optimizer;
  return {
    losses,
    made: [buffers - before.buffers, bindGroups - before.bindGroups],
    dispatches: dispatches - before.dispatches,
    lossScale: lossScale && (await values(lossScale)),
    skipped: (await values(status))[1],
    weights: await Promise.all(tensorsOf(learner.params).map(values)),
    peak: device.memory().peakBytes,
  };
}

test('on the reference, which rounds nothing, a step in mixed precision is the step in float32', async () => {
  const config: TrainConfig = { ...SMALL, batch: 4, width: 4, size: 16 };
  const [single, mixed] = [await train(cpu(), config, 3), await train(cpu(), { ...config, precision: 'mixed' }, 3)];
  expect(mixed.losses).toEqual(single.losses);
  expect(mixed.weights).toEqual(single.weights);
  expect([mixed.lossScale, single.lossScale]).toEqual([[65536, 3], undefined]);
});

describe.runIf(withGpu)('on the GPU', () => {
  /** On a device of its own, whose memory is that of the steps. */
  async function run(changed: Partial<TrainConfig>, steps: number) {
    const device = await webgpu();
    const result = await train(device, { ...SMALL, ...changed }, steps);
    device.destroy();
    return result;
  }

  test.each([
    ['ResNet-18, direct', {}],
    ['ResNet-18, integral heatmaps', { head: 'integral' }],
  ] as const)('losses follow those of float32 and fall as far: %s', async (_, changed) => {
    const steps = 6;
    const [single, mixed] = [await run(changed, steps), await run({ ...changed, precision: 'mixed' }, steps)];
    for (let k = 0; k < 3; k++) {
      const allowed = MIXED_LOSS * (k + 1) * (1 + Math.abs(single.losses[k]));
      expect(Math.abs(mixed.losses[k] - single.losses[k]), `step ${k}`).toBeLessThan(allowed);
    }
    expect(mixed).toMatchObject({ skipped: 0, lossScale: [65536, steps] });
    const fall = ({ losses }: { losses: number[] }) => losses[0] - losses[steps - 1];
    expect(fall(single)).toBeGreaterThan(0);
    expect(Math.abs(fall(mixed) / fall(single) - 1)).toBeLessThan(0.1);
  });

  test('the same bits in every run, nothing made by a steady step, four dispatches more', async () => {
    const [first, second] = [await run({ precision: 'mixed' }, 6), await run({ precision: 'mixed' }, 6)];
    expect(second).toEqual(first);
    expect(first.made).toEqual([0, 0]);
    // Filters and images as float16, and the gradient of the mean over pixels, which is a number in float32.
    expect(first.dispatches - (await run({}, 2)).dispatches).toBe(4);
  });

  test('activations take half of the memory: what an image more costs', async () => {
    const perImages = async (precision: TrainConfig['precision']) => {
      const peak = async (batch: number) => (await run({ precision, width: 16, size: 32, batch }, 1)).peak;
      return (await peak(48)) - (await peak(16));
    };
    // Half, and the images themselves, which are there in float32 as well: 12 of some 106 KB.
    expect((await perImages('mixed')) / (await perImages('float32'))).toBeLessThan(0.65);
  });

  test('an adapter without float16 is refused before anything is trained', async () => {
    const device = await webgpu({ assume: { float16: false } });
    expect(() => initLearner(device, { ...SMALL, precision: 'mixed' }, JOINTS)).toThrow(
      /--precision mixed: .* has no float16 \(feature shader-f16\); leave the option out/,
    );
    device.destroy();
  });
});
