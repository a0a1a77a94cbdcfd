import { describe, expect, test } from 'vitest';
import { Rng } from 'wgrad';
import { planeMoments } from 'wgrad/rle';
import { CALIBRATION_SHARE } from '../../../test/tolerance.js';
import { type Crop, decodeJoints, mirrorCrop } from '../../src/crop.js';
import {
  aboutMean,
  errorDensity,
  flipAveraged,
  massWithin,
  radiusHolding,
} from '../../src/uncertainty/errorDensity.js';
import {
  decodeLabels,
  type ExpectedLabels,
  ellipsesOf,
  expectedDistances,
  expectedLabels,
} from '../../src/uncertainty/expectedLabels.js';
import { SKEWED, skewedErrors } from './skewedErrors.js';

const N = 40_000;
const density = errorDensity(skewedErrors(new Rng(1), N));

/** A nose and two hands. */
const ORDER = [0, 2, 1];
const mu = Float64Array.of(0.1, -0.2, -0.3, 0.05, 0.25, 0.3);
const sigma = Float64Array.of(0.02, 0.05, 0.1, 0.03, 0.04, 0.04);

const upright: Crop = { centreX: 320, centreY: 200, width: 180, height: 240, angle: 0, mirrored: false };
const turned: Crop = { ...upright, angle: 0.7 };

/** Labels [n, 3, 2] of a crop, in pixels: `mu - sigma e` with fresh errors, through the crop. */
function labelsOf(crop: Crop): Float64Array[] {
  const e = skewedErrors(new Rng(2), 3 * N);
  return Array.from({ length: N }, (_, n) =>
    decodeJoints(
      mu.map((value, i) => value - sigma[i] * e[6 * n + i]),
      crop,
      ORDER,
    ),
  );
}

const column = (poses: readonly Float64Array[], k: number) =>
  Float64Array.from({ length: 2 * poses.length }, (_, i) => poses[i >> 1][2 * k + (i & 1)]);

/** Moments differ by at most 3 % of the standard deviations that they are of. */
function expectMoments(got: ExpectedLabels, k: number, points: Float64Array): void {
  const { mean, covariance } = planeMoments(points);
  const [sx, sy] = [Math.sqrt(covariance[0]), Math.sqrt(covariance[2])];
  const units = [sx, sy, sx * sx, sx * sy, sy * sy];
  const want = [...mean, ...covariance];
  [...got.mean.subarray(2 * k, 2 * k + 2), ...got.covariance.subarray(3 * k, 3 * k + 3)].forEach((value, i) => {
    expect(Math.abs(value - want[i]) / units[i], `joint ${k}, ${i}`).toBeLessThan(CALIBRATION_SHARE);
  });
}

test('about their mean, errors expect the same labels of poses that are moved by the shift', () => {
  const centred = aboutMean(density);
  const shift = centred.shift as readonly number[];
  expect(shift).toEqual([...density.mean]);
  const poses = mu.map((value, i) => value - sigma[i] * shift[i % 2]);
  const [got, want] = [expectedLabels(poses, sigma, centred), expectedLabels(mu, sigma, density)];
  got.mean.forEach((value, i) => {
    expect(value).toBeCloseTo(want.mean[i], 12);
    expect(value).toBeCloseTo(poses[i], 12);
  });
  got.covariance.forEach((value, i) => void expect(value).toBeCloseTo(want.covariance[i], 12));
  expect(flipAveraged(centred).shift).toEqual(shift);
});

describe('labels whose density is known', () => {
  test('the draws have the moments of their formula', () => {
    const got = [...density.mean, ...density.covariance];
    [...SKEWED.mean, ...SKEWED.covariance].forEach((want, i) => {
      expect(Math.abs(got[i] - want)).toBeLessThan(CALIBRATION_SHARE * SKEWED.covariance[0]);
    });
  });

  describe.each([
    ['upright', upright],
    ['turned', turned],
    ['mirrored', mirrorCrop(upright)],
    ['turned and mirrored', mirrorCrop(turned)],
  ])('in a crop that is %s', (_, crop) => {
    const poses = labelsOf(crop);
    const expected = decodeLabels(expectedLabels(mu, sigma, density), crop, ORDER);

    test('have the mean and covariance that are expected, on the right joint', () => {
      for (let k = 0; k < 3; k++) expectMoments(expected, k, column(poses, k));
    });

    test('lie within ellipses as often as the level says', () => {
      for (const level of [0.1, 0.5, 0.9, 0.99]) {
        const ellipses = ellipsesOf(expected, radiusHolding(density, level));
        ellipses.forEach(({ x, y, major, minor, angle }, k) => {
          const inside = poses.filter((pose) => {
            const [dx, dy] = [pose[2 * k] - x, pose[2 * k + 1] - y];
            const along = (dx * Math.cos(angle) + dy * Math.sin(angle)) / major;
            const across = (dy * Math.cos(angle) - dx * Math.sin(angle)) / minor;
            return along ** 2 + across ** 2 <= 1;
          });
          expect(Math.abs(inside.length / N - level)).toBeLessThan(CALIBRATION_SHARE);
        });
      }
    });

    test('are as far from the prediction as is expected', () => {
      const at = decodeJoints(mu, crop, ORDER);
      expectedDistances(expected, at).forEach((want, k) => {
        let squares = 0;
        for (const pose of poses) squares += (pose[2 * k] - at[2 * k]) ** 2 + (pose[2 * k + 1] - at[2 * k + 1]) ** 2;
        expect(Math.abs(Math.sqrt(squares / N) / want - 1)).toBeLessThan(CALIBRATION_SHARE);
      });
    });
  });

  test('in a mirror, x and y correlate the other way', () => {
    const labels = expectedLabels(mu, sigma, density);
    const [seen, mirrored] = [upright, mirrorCrop(upright)].map((crop) => decodeLabels(labels, crop, ORDER));
    expect(seen.covariance[1]).toBeGreaterThan(0);
    expect(mirrored.covariance[1]).toBeCloseTo(-seen.covariance[1], 9);
  });
});

describe('the size of ellipses', () => {
  test('of one standard deviation: 39 % of a normal density, and the level of a radius is its inverse', () => {
    const rng = new Rng(3);
    const normal = errorDensity(Float64Array.from({ length: 2 * N }, () => rng.normal()));
    expect(Math.abs(massWithin(normal, 1) - (1 - Math.exp(-0.5)))).toBeLessThan(CALIBRATION_SHARE);
    for (const level of [0.2, 0.9]) {
      expect(massWithin(density, radiusHolding(density, level))).toBeCloseTo(level, 3);
      const want = Math.sqrt(-2 * Math.log(1 - level));
      expect(Math.abs(radiusHolding(normal, level) / want - 1)).toBeLessThan(CALIBRATION_SHARE);
    }
  });
});

test('of the flip test: shifts along x and correlations cancel, what is along y stays', () => {
  const { draws, mean, covariance } = flipAveraged(density);
  expect(draws).toHaveLength(4 * N);
  expect(mean[0]).toBeCloseTo(0, 9);
  expect(mean[1]).toBeCloseTo(density.mean[1], 9);
  expect(covariance[0]).toBeCloseTo(density.covariance[0] + density.mean[0] ** 2, 9);
  expect(covariance[1]).toBeCloseTo(0, 9);
  expect(covariance[2]).toBeCloseTo(density.covariance[2], 9);
});
