import { describe, expect, test } from 'vitest';
import { Rng } from 'wgrad';
import { CALIBRATION_SHARE } from '../../../test/tolerance.js';
import { placeLabels, placeLabelsNormally } from '../../src/metrics/labelPlaces.js';
import { type UncertaintyScore, uncertaintyScore } from '../../src/metrics/uncertaintyScore.js';
import { errorDensity } from '../../src/uncertainty/errorDensity.js';
import { expectedLabels } from '../../src/uncertainty/expectedLabels.js';
import { skewedErrors } from '../uncertainty/skewedErrors.js';

const N = 20_000;

/** Predictions of very different sigma. */
const rng = new Rng(7);
const mu = Float64Array.from({ length: 2 * N }, () => 0.3 * rng.normal());
const sigma = Float64Array.from({ length: 2 * N }, () => 0.03 * Math.exp(0.8 * rng.normal()));

/** Labels `mu - sign sigma e`, e times `scale`. */
function labels(errors: Float64Array, { sign = 1, scale = 1 } = {}): Float64Array {
  return mu.map((value, i) => value - sign * scale * sigma[i] * errors[i]);
}

function expectCalibrated(score: UncertaintyScore): void {
  score.levels.forEach((level, i) => {
    expect(Math.abs(score.coverage[i] - level), `interval ${level}`).toBeLessThan(CALIBRATION_SHARE);
    expect(Math.abs(score.ellipseCoverage[i] - level), `ellipse ${level}`).toBeLessThan(CALIBRATION_SHARE);
  });
  for (const share of score.pit) expect(Math.abs(share - 0.1)).toBeLessThan(CALIBRATION_SHARE);
  expect(score.calibrationError).toBeLessThan(CALIBRATION_SHARE);
}

const scored = (...args: Parameters<typeof placeLabels>) => uncertaintyScore(placeLabels(...args)) as UncertaintyScore;

describe('a skewed, correlated density that is known', () => {
  const density = errorDensity(skewedErrors(new Rng(8), N));
  const errors = skewedErrors(new Rng(9), N);

  test('is calibrated at every level, by intervals, ellipses and transforms', () => {
    const score = scored(mu, sigma, labels(errors), density);
    expectCalibrated(score);
    expect(score.joints).toBe(N);
  });

  test('is not with the sign of the error turned round', () => {
    const { pit, coverage } = scored(mu, sigma, labels(errors, { sign: -1 }), density);
    expect(Math.max(...pit) - Math.min(...pit)).toBeGreaterThan(0.1);
    expect(Math.max(...coverage.map((share, i) => Math.abs(share - (i + 1) / 20)))).toBeGreaterThan(0.05);
  });

  test('of half the width that is true holds too little, and its transforms gather at the ends', () => {
    const { coverage, ellipseCoverage, pit } = scored(mu, sigma, labels(errors, { scale: 2 }), density);
    coverage.forEach((share, i) => {
      if (i > 3) expect(share).toBeLessThan((i + 1) / 20 - CALIBRATION_SHARE);
    });
    expect(ellipseCoverage[9]).toBeLessThan(0.4);
    expect(pit[0] + pit[9]).toBeGreaterThan(0.3);
  });

  test('is as sharp as its 90 % interval is wide, and widens with sigma', () => {
    const wide = scored(mu, sigma, labels(errors), density).sharpness;
    const e = [0, 1].map((d) => errors.filter((_, i) => i % 2 === d).sort());
    const widths = e.map((sorted) => sorted[0.95 * N] - sorted[0.05 * N]);
    const mean = (d: number) => sigma.filter((_, i) => i % 2 === d).reduce((sum, s) => sum + s / N, 0);
    expect(Math.abs(wide / ((widths[0] * mean(0) + widths[1] * mean(1)) / 2) - 1)).toBeLessThan(CALIBRATION_SHARE);
    const twice = sigma.map((s) => 2 * s);
    expect(scored(mu, twice, labels(errors), density).sharpness).toBeCloseTo(2 * wide, 9);
  });
});

describe('a normal density', () => {
  const draw = new Rng(10);
  const errors = Float64Array.from({ length: 2 * N }, () => draw.normal()).map((z, i, all) =>
    i % 2 === 0 ? z : 0.6 * all[i - 1] + 0.8 * z,
  );
  const moments = { mean: [0, 0], covariance: [1, 0.6, 1] } as const;

  test('by its formulas and by its draws: calibrated, and the same', () => {
    const normally = placeLabelsNormally(expectedLabels(mu, sigma, moments), mu, labels(errors));
    expectCalibrated(uncertaintyScore(normally) as UncertaintyScore);
    const drawn = placeLabels(mu, sigma, labels(errors), errorDensity(errors));
    for (const key of ['u', 'within'] as const) {
      const furthest = normally[key].reduce((most, value, i) => Math.max(most, Math.abs(value - drawn[key][i])), 0);
      expect(furthest, key).toBeLessThan(CALIBRATION_SHARE);
    }
    expect(normally.widths[7] / drawn.widths[7]).toBeCloseTo(1, 1);
  });

  test('correlations and risk: those of a ranking that is right, wrong or perfect', () => {
    const place = placeLabels(mu, sigma, labels(errors), errorDensity(errors));
    const by = (expected: Float64Array) => uncertaintyScore({ ...place, expected }) as UncertaintyScore;
    const own = by(place.expected);
    expect(own.pearson).toBeGreaterThan(0.5);
    expect(own.spearman).toBeGreaterThan(0.5);
    expect(own.risk).toHaveLength(20);
    expect(own.risk[9]).toBeLessThan(0.7 * own.risk[19]);
    const perfect = by(place.distances);
    expect(perfect.pearson).toBeCloseTo(1, 9);
    expect(perfect.spearman).toBeCloseTo(1, 9);
    expect(perfect.excessAurc).toBeCloseTo(0, 9);
    expect(perfect.risk).toEqual(perfect.idealRisk);
    expect(own.aurc - own.excessAurc).toBeCloseTo(perfect.aurc, 9);
    const reversed = by(place.expected.map((distance) => -distance));
    expect(reversed.spearman).toBeCloseTo(-own.spearman, 9);
    expect(reversed.aurc).toBeGreaterThan(own.aurc);
  });
});

test('without labels there is no score', () => {
  const none = new Float64Array();
  expect(
    uncertaintyScore(placeLabels(none, none, none, errorDensity(Float64Array.of(0, 1, 2, 0, 1, 1)))),
  ).toBeUndefined();
});
