import { exactErf } from 'wgrad';
import { mahalanobis, sortedDistances, sortedQuantile } from 'wgrad/rle';
import type { ErrorDensity } from '../uncertainty/errorDensity.js';
import { covarianceOf, type ExpectedLabels, expectedDistances, expectedLabels } from '../uncertainty/expectedLabels.js';

/** Where the labels of n joints lie in the densities that were predicted for them. */
export interface LabelPlaces {
  /** [2 n], x and y of each joint: the probability that was given to a coordinate below the label's; see `pit`. */
  readonly u: Float64Array;
  /** [n]: the probability that was given to the ellipse that the label lies on the edge of. */
  readonly within: Float64Array;
  /** [2 n]: widths of the central intervals that hold 90 %. */
  readonly widths: Float64Array;
  /** [n]: root mean square distance from the prediction to the label, as predicted. */
  readonly expected: Float64Array;
  /** [n]: the distance. */
  readonly distances: Float64Array;
}

/** Ends of the interval whose width is told. */
const [LOW, HIGH] = [0.05, 0.95];

/**
 * Places labels by draws of the error: the density of a label is that of `mu - sigma e`, so that
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

/** Places labels as if what is known of their densities, mean and covariance, were that of normal densities. */
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

/** The share of sorted values below x, half of those equal to it included. */
function shareBelow(sorted: Float64Array, x: number): number {
  return (firstPassing(sorted, (value) => value >= x) + firstPassing(sorted, (value) => value > x)) / 2 / sorted.length;
}

/** The first index whose value passes, where all behind one that passes do. */
function firstPassing(sorted: Float64Array, passes: (value: number) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (passes(sorted[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}
