import { expect, test } from 'vitest';
import { METRIC_DIGITS } from '../../../test/tolerance.js';
import { headSizes, pckh } from '../../src/metrics/pckh.js';

test('the head size is 0.6 of the diagonal of its rectangle', () => {
  expect(headSizes([[100, 50, 30, 40]])[0]).toBeCloseTo(0.6 * 50, METRIC_DIGITS);
});

test('the threshold counts as right, joints without a label not at all, and the mean is over labels', () => {
  // Two people of head size 10, three joints.
  const distances = [5, 5.01, 1, 0, 0, 9];
  const weights = [1, 1, 1, 1, 0, 0];
  const { mean, perJoint } = pckh(distances, weights, [10, 10], 0.5);
  expect(Array.from(perJoint)).toEqual([1, 0, 1]);
  expect(mean).toBeCloseTo(3 / 4, METRIC_DIGITS);
  expect(pckh(distances, weights, [10, 10], 0.5, [1]).mean).toBe(1);
});

test('a joint that nobody has is NaN and does not reach the mean', () => {
  const { mean, perJoint } = pckh([1, 1], [1, 0], [4], 0.5);
  expect(perJoint[1]).toBeNaN();
  expect(mean).toBe(1);
});
