import { exactErf } from 'wgrad';
import { mahalanobis, sortedDistances, sortedQuantile } from 'wgrad/rle';
import type { ErrorDensity } from '../uncertainty/errorDensity.js';
import { covarianceOf, type ExpectedLabels, expectedDistances, expectedLabels } from '../uncertainty/expectedLabels.js';

/** Where the labels of n joints lie in the densities that were predicted for them. */
export interface LabelPlaces {
  /**
   * [2 n], for x and y of each joint: the predicted probability that the coordinate is below the label's; see `pit`.
   */
  readonly u: Float64Array;
  /** [n]: the predicted probability that the label lies inside the ellipse through it. */
  readonly within: Float64Array;
  /** [2 n]: widths of the central intervals that hold 90 % of the predicted density. */
  readonly widths: Float64Array;
  /** [n]: the root mean square distance of the label from the prediction, as predicted. */
  readonly expected: Float64Array;
  /** [n]: the measured distance of the label from the prediction. */
  readonly distances: Float64Array;
}

/** The quantiles between which the central 90 % lie. */
const [LOW, HIGH] = [0.05, 0.95];

/**
 * Places labels by draws of the error: a label has the density of `mu - sigma e`, so that
 * `u = P(mu - sigma e < y) = P(e > (mu - y) / sigma)`.
 * @param mu [n, 2], like sigma and labels, all in one unit; every label counts
 */
export function placeLabels(
  mu: Float64Array,
  sigma: Float64Array,
  labels: Float64Array,
  density: ErrorDensity,
): LabelPlaces {
  const errors = mu.map((value, i) => (value - labels[i]) / sigma[i]);
  const sorted = [0, 1].map((axis) => density.draws.filter((_, i) => i % 2 === axis).sort());
  const widths = sorted.map((draws) => sortedQuantile(draws, HIGH) - sortedQuantile(draws, LOW));
  const radii = sortedDistances(density.draws, density);
  const joint = (k: number) => mahalanobis(errors[2 * k], errors[2 * k + 1], density);
  return {
    u: errors.map((e, i) => 1 - shareBelow(sorted[i % 2], e)),
    within: Float64Array.from({ length: mu.length / 2 }, (_, k) => shareBelow(radii, joint(k))),
    widths: sigma.map((s, i) => s * widths[i % 2]),
    ...distancesOf(expectedLabels(mu, sigma, density), mu, labels),
  };
}

/** Places labels where only mean and covariance of their densities are known, as if the densities were normal. */
export function placeLabelsNormally(expected: ExpectedLabels, mu: Float64Array, labels: Float64Array): LabelPlaces {
  const { mean, covariance } = expected;
  const std = mean.map((_, i) => Math.sqrt(covariance[3 * (i >> 1) + 2 * (i % 2)]));
  const radius = (k: number) =>
    mahalanobis(labels[2 * k], labels[2 * k + 1], {
      mean: [mean[2 * k], mean[2 * k + 1]],
      covariance: covarianceOf(covariance, k),
    });
  return {
    u: mean.map((m, i) => (1 + exactErf((labels[i] - m) / (std[i] * Math.SQRT2))) / 2),
    within: Float64Array.from({ length: mean.length / 2 }, (_, k) => -Math.expm1(-0.5 * radius(k) ** 2)),
    widths: std.map((s) => s * 2 * NORMAL_95),
    ...distancesOf(expected, mu, labels),
  };
}

/** The 95 % quantile of the standard normal. */
const NORMAL_95 = 1.6448536269514722;

function distancesOf(expected: ExpectedLabels, mu: Float64Array, labels: Float64Array) {
  return {
    expected: expectedDistances(expected, mu),
    distances: Float64Array.from({ length: mu.length / 2 }, (_, k) =>
      Math.hypot(mu[2 * k] - labels[2 * k], mu[2 * k + 1] - labels[2 * k + 1]),
    ),
  };
}

/** The share of sorted values below x, plus half of those equal to x. */
function shareBelow(sorted: Float64Array, x: number): number {
  return (firstPassing(sorted, (value) => value >= x) + firstPassing(sorted, (value) => value > x)) / 2 / sorted.length;
}

/** The first index whose value passes; all values behind it must pass too. */
function firstPassing(sorted: Float64Array, passes: (value: number) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (passes(sorted[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}
