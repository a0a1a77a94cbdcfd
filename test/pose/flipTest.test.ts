import { expect, test } from 'vitest';
import { flipAverage } from '../../src/pose/flipTest.js';

/** Joint 0 is in the middle, 1 and 2 are left and right. */
const order = Uint32Array.of(0, 2, 1);

test('a mirrored answer counts as its mirror image: x changes its sign, left and right swap, by pose', () => {
  const mu = Float64Array.of(0.1, 0.2, 0.3, 0.4, -0.5, 0.6, 1, 2, 3, 4, 5, 6);
  const mirrored = Float64Array.of(-0.1, 0.2, 0.5, 0.6, -0.3, 0.4, -1, 2, -5, 6, -3, 4);
  expect(flipAverage({ mu }, { mu: mirrored }, order)).toEqual({ mu, sigma: undefined });
});

test('averages, and sigmas follow their joints without a sign', () => {
  const upright = { mu: new Float64Array(6), sigma: Float64Array.of(1, 2, 3, 4, 5, 6) };
  const mirrored = { mu: Float64Array.of(1, 1, 0, 0, 0, 0), sigma: Float64Array.of(1, 2, 5, 6, 7, 8) };
  expect(flipAverage(upright, mirrored, order)).toEqual({
    mu: Float64Array.of(-0.5, 0.5, 0, 0, 0, 0),
    sigma: Float64Array.of(1, 2, 5, 6, 5, 6),
  });
});
