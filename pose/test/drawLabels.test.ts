import { expect, test } from 'vitest';
import { Rng } from 'wgrad';
import { drawLabels } from '../src/uncertainty/drawLabels.js';
import { errorDensity } from '../src/uncertainty/errorDensity.js';
import { expectedLabels } from '../src/uncertainty/expectedLabels.js';

test('labels that are drawn have the expected mean and covariance, and are labels of the error density', () => {
  const rng = new Rng(3);
  // Skewed, shifted and correlated.
  const errors = errorDensity(
    Float64Array.from({ length: 8000 }, () => rng.uniform() ** 2).map((v, i, all) =>
      i % 2 === 0 ? 2 * v : v + all[i - 1] + 0.5,
    ),
  );
  const [mu, sigma] = [
    [10, 20, -5, 7],
    [2, 3, 0.5, 4],
  ];
  const expected = expectedLabels(mu, sigma, errors);
  const count = 40_000;
  const sums = new Float64Array(4);
  const products = new Float64Array(6);
  const allowed = new Set(Array.from({ length: 4000 }, (_, i) => (mu[0] - sigma[0] * errors.draws[2 * i]).toFixed(6)));
  for (let n = 0; n < count; n++) {
    const labels = drawLabels(expected, errors, rng);
    if (n < 100) expect(allowed.has(labels[0].toFixed(6))).toBe(true);
    for (const k of [0, 1]) {
      const [x, y] = [labels[2 * k] - expected.mean[2 * k], labels[2 * k + 1] - expected.mean[2 * k + 1]];
      sums[2 * k] += x / count;
      sums[2 * k + 1] += y / count;
      [x * x, x * y, y * y].forEach((v, i) => {
        products[3 * k + i] += v / count;
      });
    }
  }
  // Four standard errors of a mean of 40,000 draws.
  for (const [i, sum] of sums.entries()) {
    const deviation = Math.sqrt(expected.covariance[3 * (i >> 1) + 2 * (i % 2)]);
    expect(Math.abs(sum)).toBeLessThan((4 * deviation) / Math.sqrt(count));
  }
  products.forEach((product, i) => {
    const [xx, , yy] = expected.covariance.slice(3 * Math.floor(i / 3));
    const scale = [xx, Math.sqrt(xx * yy), yy][i % 3];
    expect(Math.abs(product - expected.covariance[i])).toBeLessThan(0.04 * scale);
  });
});
