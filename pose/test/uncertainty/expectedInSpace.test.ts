import { expect, test } from 'vitest';
import { Rng } from 'wgrad';
import { cropToImage } from '../../src/crop.js';
import { errorDensity, flipAveraged } from '../../src/uncertainty/errorDensity.js';
import { decodeInSpace, expectedInSpace } from '../../src/uncertainty/expectedInSpace.js';
import { expectedLabels } from '../../src/uncertainty/expectedLabels.js';
import { type SpaceMoments, spaceMoments } from '../../src/uncertainty/spaceMoments.js';

const N = 200;
const rng = new Rng(2);
/** Errors that are correlated and shifted along every axis. */
const draws = Float64Array.from(
  Array.from({ length: N }, () => {
    const [a, b, c] = [rng.normal(), rng.normal(), rng.normal()];
    return [a + 0.3, 0.5 * a + b - 0.2, 0.4 * a - 0.3 * b + 2 * c + 0.1];
  }).flat(),
);
const density = errorDensity(draws, 3);

test('x and y of a density in space are the density in the plane', () => {
  const { mean, covariance } = density.space as SpaceMoments;
  expect(density.mean).toEqual([expect.closeTo(mean[0], 12), expect.closeTo(mean[1], 12)]);
  expect(density.covariance.map((v, i) => v - covariance[[0, 1, 3][i]])).toEqual(
    [0, 0, 0].map((v) => expect.closeTo(v, 12)),
  );
});

test('moments of labels are those of the labels that the draws stand for, in pixels and millimetres', () => {
  const crop = { centreX: 50, centreY: 40, width: 60, height: 80, angle: 0.3, mirrored: false };
  const [mu, sigma] = [Float64Array.of(0.1, -0.2, 0.05), Float64Array.of(0.02, 0.05, 0.03)];
  const [unit, root] = [2000, 0.01];
  const [a, b, c, d, e, f] = cropToImage(crop);
  const labels = Float64Array.from({ length: 3 * N }, (_, i) => mu[i % 3] - sigma[i % 3] * draws[i]);
  const moved = labels.map((_, i) => {
    const [x, y, z] = labels.subarray(i - (i % 3), i - (i % 3) + 3);
    return [a * x + b * y + c, d * x + e * y + f, unit * (z - root)][i % 3];
  });
  const wanted = spaceMoments(moved);
  const found = decodeInSpace(expectedInSpace(mu, sigma, density.space as SpaceMoments), crop, unit, root);
  for (const [i, value] of wanted.mean.entries()) expect(found.mean[i]).toBeCloseTo(value, 8);
  for (const [i, value] of wanted.covariance.entries()) expect(found.covariance[i] / value).toBeCloseTo(1, 8);
  const plane = expectedLabels(mu.subarray(0, 2), sigma.subarray(0, 2), density);
  expect(expectedInSpace(mu, sigma, density.space as SpaceMoments).covariance[1]).toBeCloseTo(plane.covariance[1], 15);
});

test('of the flip test: what x has to do with y and z cancels, what they have with each other stays', () => {
  const { space } = flipAveraged(density);
  const [, xy, xz, yy, yz, zz] = (density.space as SpaceMoments).covariance;
  expect([Math.abs(xy), Math.abs(xz)].every((value) => value > 0.1)).toBe(true);
  const { mean, covariance } = space as SpaceMoments;
  expect(mean[0]).toBeCloseTo(0, 12);
  for (const [i, value] of [0, 0, yy, yz, zz].entries()) expect(covariance[i + 1]).toBeCloseTo(value, 12);
});
