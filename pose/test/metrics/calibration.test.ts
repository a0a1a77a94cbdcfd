import { describe, expect, test } from 'vitest';
import { Rng } from 'wgrad';
import { CALIBRATION_SHARE, METRIC_DIGITS } from '../../../test/tolerance.js';
import {
  calibrationError,
  coverage,
  intervalCoverage,
  pit,
  pitHistogram,
  sharpness,
} from '../../src/metrics/calibration.js';
import { pearson, spearman } from '../../src/metrics/correlation.js';
import { riskCoverage } from '../../src/metrics/riskCoverage.js';

const N = 20_000;

/** Errors of a Laplace density of scale 1, by its inverse distribution function. */
const laplaceErrors = (rng: Rng) =>
  Float64Array.from({ length: N }, () => {
    const u = rng.uniform() - 0.5;
    return -Math.sign(u) * Math.log(1 - 2 * Math.abs(u));
  });

/** Distribution function of a Laplace density. */
const laplace = (scale: number) => (y: number) => (y < 0 ? Math.exp(y / scale) / 2 : 1 - Math.exp(-y / scale) / 2);

describe('a predictor whose density is known', () => {
  const errors = laplaceErrors(new Rng(1));

  test('the true density is calibrated: each interval holds its share, the transforms are flat', () => {
    const u = errors.map(laplace(1));
    for (const level of [0.1, 0.5, 0.9, 0.99])
      expect(Math.abs(coverage(u, level) - level)).toBeLessThan(CALIBRATION_SHARE);
    expect(calibrationError(u)).toBeLessThan(CALIBRATION_SHARE);
    for (const share of pitHistogram(u)) expect(Math.abs(share - 0.1)).toBeLessThan(CALIBRATION_SHARE);
  });

  test('one of half the width covers as much as its formula says: 1 - sqrt(1 - level)', () => {
    const u = errors.map(laplace(0.5));
    for (const level of [0.5, 0.9]) {
      expect(Math.abs(coverage(u, level) - (1 - Math.sqrt(1 - level)))).toBeLessThan(CALIBRATION_SHARE);
    }
    // The mean over levels of sqrt(1 - l) - (1 - l) is nearly its integral, 2/3 - 1/2.
    expect(Math.abs(calibrationError(u) - 1 / 6)).toBeLessThan(CALIBRATION_SHARE);
    const histogram = pitHistogram(u);
    expect(Math.min(histogram[0], histogram[9])).toBeGreaterThan(0.2);
    expect(Math.max(...histogram.subarray(2, 8))).toBeLessThan(0.1);
  });

  test('transforms from samples are those of the distribution function', () => {
    const draws = laplaceErrors(new Rng(2));
    const targets = errors.subarray(0, 10);
    const exact = targets.map(laplace(1));
    const u = pit(
      Float64Array.from({ length: 10 * N }, (_, i) => draws[i % N]),
      targets,
    );
    for (const [n, value] of u.entries()) expect(Math.abs(value - exact[n])).toBeLessThan(CALIBRATION_SHARE);
    expect(Array.from(pit([1, 2, 2, 3, 0, 0, 0, 0], [2, 1]))).toEqual([0.5, 1]);
  });

  test('intervals of 90 % hold 90 %, and their width is the sharpness', () => {
    const half = Math.log(10);
    const [low, high] = [-half, half].map((end) => new Float64Array(N).fill(end));
    expect(Math.abs(intervalCoverage(low, high, errors) - 0.9)).toBeLessThan(CALIBRATION_SHARE);
    expect(sharpness([0, 1], [2, 5])).toBe(3);
    expect(intervalCoverage([0, 0], [1, 1], [1, 1.01])).toBe(0.5);
  });
});

describe('risk and coverage', () => {
  test('by hand: the mean error of the most confident', () => {
    const { risk, aurc, excess } = riskCoverage([4, 1, 1], [0.2, 0.9, 0.1]);
    expect(Array.from(risk)).toEqual([1, 2.5, 2]);
    expect(aurc).toBeCloseTo(5.5 / 3, METRIC_DIGITS);
    expect(excess).toBeCloseTo((5.5 - (1 + 1 + 2)) / 3, METRIC_DIGITS);
  });

  test('equal confidences cost the mean error, whatever their order', () => {
    const { risk, aurc } = riskCoverage([3, 1, 2, 6], [1, 1, 1, 1]);
    expect(Array.from(risk)).toEqual([3, 3, 3, 3]);
    expect(aurc).toBe(3);
  });

  test('uniform errors: a perfect ranking has area 1/4, a random one 1/2, a reversed one 3/4', () => {
    const rng = new Rng(3);
    const errors = Float64Array.from({ length: N }, () => rng.uniform());
    const random = errors.map(() => rng.uniform());
    const expected: [Float64Array, number][] = [
      [errors.map((e) => -e), 1 / 4],
      [random, 1 / 2],
      [errors, 3 / 4],
    ];
    for (const [confidence, area] of expected) {
      const { aurc, excess } = riskCoverage(errors, confidence);
      expect(Math.abs(aurc - area)).toBeLessThan(CALIBRATION_SHARE);
      expect(Math.abs(excess - (area - 1 / 4))).toBeLessThan(CALIBRATION_SHARE);
    }
  });
});

test('confidence and error: both correlations find a known one', () => {
  const rng = new Rng(4);
  const confidence = Float64Array.from({ length: N }, () => rng.normal());
  const error = confidence.map((c) => -0.6 * c + 0.8 * rng.normal());
  expect(Math.abs(pearson(confidence, error) + 0.6)).toBeLessThan(CALIBRATION_SHARE);
  // Of two normals of correlation r, Spearman's is 6 / pi asin(r / 2).
  expect(Math.abs(spearman(confidence, error) + (6 / Math.PI) * Math.asin(0.3))).toBeLessThan(CALIBRATION_SHARE);
  const monotone = error.map(Math.exp);
  expect(spearman(confidence, monotone)).toBeCloseTo(spearman(confidence, error), METRIC_DIGITS);
});
