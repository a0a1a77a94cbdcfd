import { describe, expect, test } from 'vitest';
import { cpu, DataError } from 'wgrad';
import type { TrainFlags } from '../../src/train/config.js';
import { optimiserText } from '../../src/train/configText.js';
import { scheduleOf } from '../../src/train/learningRate.js';
import { makeConfig } from '../../src/train/makeConfig.js';
import { startSession } from '../../src/train/session.js';
import { TINY, tinyData } from './runs.js';

const configOf = (flags: TrainFlags) => makeConfig({ data: 'lsp', ...flags }, 'cpu');

describe('scheduleOf', () => {
  test('steps: a tenth at epoch 21 of 30, a hundredth at 27, as the recipe has it', () => {
    const rate = scheduleOf(configOf({}), 31);
    const epochs = [0, 21 * 31 - 1, 21 * 31, 27 * 31 - 1, 27 * 31];
    expect(epochs.map((step) => Number(rate(step).toPrecision(6)))).toEqual([1e-3, 1e-3, 1e-4, 1e-4, 1e-5]);
  });

  test('a first epoch has the whole rate, however few follow', () => {
    for (const epochs of ['1', '2']) expect(scheduleOf(configOf({ epochs }), 5)(4)).toBe(1e-3);
  });

  test('cosine: half of the rate in the middle, next to none at the end', () => {
    const rate = scheduleOf(configOf({ schedule: 'cosine', epochs: '4', lr: '2' }), 10);
    expect(rate(0)).toBe(2);
    expect(rate(20)).toBeCloseTo(1, 12);
    expect(rate(39)).toBeLessThan(0.01);
  });

  test.each([
    ['official, COCO', { epochs: '270', milestones: '170,200' }, 586],
    ["mmpose, COCO, a batch's share of it", { epochs: '210', milestones: '170,200', warmup: '500' }, 293],
    ['a warm-up that reaches beyond a milestone', { epochs: '6', milestones: '2,5', warmup: '25' }, 10],
  ])("walks PyTorch's LinearLR and MultiStepLR: %s", (_, flags, stepsPerEpoch) => {
    const config = configOf(flags);
    const { lr, epochs, warmup } = config;
    const rate = scheduleOf(config, stepsPerEpoch);
    // torch.optim.lr_scheduler, both in the chainable form that steps with the optimiser: get_lr of LinearLR, start_factor
    // 0.001, every step, and of MultiStepLR, gamma 0.1, every epoch.
    const start = 0.001;
    let expected = lr * (warmup > 0 ? start : 1);
    let off = 0;
    for (let step = 0; step < epochs * stepsPerEpoch; step++) {
      if (step > 0 && step <= warmup) {
        expected *= 1 + (1 - start) / (warmup * start + (step - 1) * (1 - start));
      }
      if (step % stepsPerEpoch === 0 && config.milestones?.includes(step / stepsPerEpoch)) expected *= 0.1;
      off = Math.max(off, Math.abs(rate(step) / expected - 1));
    }
    // The recursion rounds at each of its steps.
    expect(off).toBeLessThan(1e-12);
  });
});

test('a warm-up that the run is too short for is refused', async () => {
  const data = await tinyData();
  const [device, config] = [cpu(), { ...TINY, epochs: 2 }];
  startSession(device, { ...config, warmup: 9 }, data);
  expect(() => startSession(device, { ...config, warmup: 10 }, data)).toThrow(
    new DataError('--warmup 10: the whole run has 10 steps, 5 in each of 2 epochs; give fewer'),
  );
});

test('the optimiser in words', () => {
  expect(optimiserText(configOf({}))).toBe('Adam, 0.001, x 0.1 after 70 % and again after 90 % of the epochs');
  expect(optimiserText(configOf({ epochs: '210', milestones: '170,200', warmup: '500', clip: '35' }))).toBe(
    'Adam, 0.001, x 0.1 after epochs 170, 200, 500 steps of warm-up, gradients clipped to a norm of 35',
  );
  expect(optimiserText(configOf({ schedule: 'cosine' }))).toBe('Adam, 0.001, down half a cosine');
});
