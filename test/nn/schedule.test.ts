import { expect, test } from 'vitest';
import { DataError } from '../../src/errors.js';
import { cosine, stepDecay, warmUp } from '../../src/nn/schedule.js';

test('stepDecay drops at its milestones, not before', () => {
  const rate = stepDecay(1e-3, { milestones: [170, 200] });
  expect([0, 169, 170, 199, 200, 1000].map(rate)).toEqual([1e-3, 1e-3, 1e-4, 1e-4, 1e-3 * 0.1 ** 2, 1e-3 * 0.1 ** 2]);
  expect(() => stepDecay(1, { milestones: [2, 1] })).toThrow(DataError);
});

test("cosine follows PyTorch's recursion", () => {
  const [lr, floor, steps] = [0.1, 0.01, 40];
  const rate = cosine(lr, { steps, floor });
  // torch.optim.lr_scheduler.CosineAnnealingLR.get_lr
  let expected = lr;
  for (let t = 1; t <= steps; t++) {
    const ratio = (1 + Math.cos((Math.PI * t) / steps)) / (1 + Math.cos((Math.PI * (t - 1)) / steps));
    expected = ratio * (expected - floor) + floor;
    expect(rate(t)).toBeCloseTo(expected, 14);
  }
  expect([0, steps, steps + 7].map(rate)).toEqual([lr, floor, floor]);
  expect(() => cosine(1, { steps: 0 })).toThrow(/positive integer, got 0/);
});

test('warmUp rises evenly from its start to the schedule that it precedes', () => {
  const rate = warmUp(stepDecay(2, { milestones: [8] }), { steps: 4, start: 0.2 });
  const expected = [0.4, 0.8, 1.2, 1.6, 2, 2, 2, 2, 0.2];
  for (const [step, lr] of expected.entries()) expect(rate(step)).toBeCloseTo(lr, 14);
  expect(() => warmUp(() => 1, { steps: 1.5 })).toThrow(DataError);
});
