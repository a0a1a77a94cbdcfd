import { describe, expect, test } from 'vitest';
import { Rng } from 'wgrad';
import { METRIC_DIGITS, REFERENCE_RELATIVE } from '../../../test/tolerance.js';
import { mpjpe, nMpjpe, paMpjpe } from '../../src/metrics/mpjpe.js';
import { applySimilarity, fitSimilarity } from '../../src/metrics/similarityTransform.js';
import goldens from '../golden/metrics_golden.json' with { type: 'json' };

const golden = goldens.mpjpe;
const K = golden.gt[0].length;
const prediction = golden.pred.flat(2);
const target = golden.gt.flat(2);
const weights = golden.mask.flat().map(Number);
const ones = new Float64Array(K).fill(1);
const far = (value: number, expected: number) => Math.abs(value / expected - 1);

describe('against mmpose, millimetres', () => {
  test('MPJPE', () => {
    expect(far(mpjpe(prediction, target, weights), golden.mpjpe)).toBeLessThan(REFERENCE_RELATIVE);
  });

  test('PA-MPJPE and N-MPJPE, aligned over all joints as mmpose does', () => {
    expect(far(paMpjpe(prediction, target, weights, K, 'mmpose'), golden.p_mpjpe)).toBeLessThan(REFERENCE_RELATIVE);
    expect(far(nMpjpe(prediction, target, weights, K, 'mmpose'), golden.n_mpjpe)).toBeLessThan(REFERENCE_RELATIVE);
  });

  test('by default labels of joints that do not count change nothing', () => {
    const garbage = target.map((value, i) => (weights[Math.floor(i / 3)] > 0 ? value : 1e4 + i));
    for (const metric of [paMpjpe, nMpjpe]) {
      const exact = metric(prediction, target, weights, K);
      expect(metric(prediction, garbage, weights, K)).toBe(exact);
      expect(metric(prediction, garbage, weights, K, 'mmpose')).toBeGreaterThan(exact + 1);
    }
  });
});

describe('what each alignment forgives', () => {
  const pose = target.slice(0, 3 * K);
  const [c, s] = [Math.cos(2), Math.sin(2)];
  /** Turned about z, then about x, by 2 rad each, 0.3 times as large, and moved. */
  const moved = pose.map((_, i) => {
    const [x, y, z] = pose.slice(i - (i % 3), i - (i % 3) + 3);
    const about = [c * x - s * y, s * x + c * y];
    return 0.3 * [about[0], c * about[1] - s * z, s * about[1] + c * z][i % 3] + [70, -20, 9][i % 3];
  });

  test('PA-MPJPE: rotation, scale and shift', () => {
    expect(paMpjpe(moved, pose, ones, K)).toBeLessThan(REFERENCE_RELATIVE * mpjpe(moved, pose, ones));
    const { scale } = fitSimilarity(pose, moved, ones);
    expect(scale).toBeCloseTo(0.3, METRIC_DIGITS);
  });

  test('PA-MPJPE: no reflection, whose best rotation leaves a large error', () => {
    const mirrored = pose.map((value, i) => (i % 3 === 0 ? -value : value));
    expect(paMpjpe(mirrored, pose, ones, K)).toBeGreaterThan(50);
    const { rotation: r } = fitSimilarity(mirrored, pose, ones);
    const determinant =
      r[0] * (r[4] * r[8] - r[5] * r[7]) - r[1] * (r[3] * r[8] - r[5] * r[6]) + r[2] * (r[3] * r[7] - r[4] * r[6]);
    expect(determinant).toBeCloseTo(1, METRIC_DIGITS);
  });

  test('N-MPJPE: scale alone', () => {
    const larger = pose.map((value) => 1.7 * value);
    expect(nMpjpe(larger, pose, ones, K)).toBeLessThan(REFERENCE_RELATIVE * mpjpe(larger, pose, ones));
    expect(nMpjpe(moved, pose, ones, K)).toBeGreaterThan(50);
  });

  test('no other similarity is nearer than the fitted one', () => {
    const rng = new Rng(5);
    const noisy = pose.map((value) => value + 80 * rng.normal());
    const squares = (points: ArrayLike<number>) => pose.reduce((sum, value, i) => sum + (points[i] - value) ** 2, 0);
    const best = fitSimilarity(noisy, pose, ones);
    const least = squares(applySimilarity(best, noisy));
    for (let trial = 0; trial < 50; trial++) {
      const nudged = noisy.map((value) => value + 0.5 * rng.normal());
      expect(squares(applySimilarity(fitSimilarity(nudged, pose, ones), noisy))).toBeGreaterThan(least);
    }
  });
});

test('poses that collapsed to one point are moved, not divided by 0', () => {
  const point = new Float64Array(3 * K).fill(7);
  expect(paMpjpe(point, target.slice(0, 3 * K), ones, K)).toBeGreaterThan(0);
  expect(nMpjpe(new Float64Array(3 * K), target.slice(0, 3 * K), ones, K)).toBeGreaterThan(0);
});

test('a pose without labels does not disturb the others', () => {
  const none = weights.map((w, i) => (i < K ? 0 : w));
  const rest = [prediction, target].map((points) => points.slice(3 * K));
  expect(paMpjpe(prediction, target, none, K)).toBe(paMpjpe(rest[0], rest[1], weights.slice(K), K));
});
