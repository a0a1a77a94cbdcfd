import { sortedDistances } from '../../rle/highestDensity.js';
import { type PlaneMoments, planeMoments } from '../../rle/planeMoments.js';
import { sortedQuantile } from '../../rle/uncertainty.js';

/**
 * A density of the normalised error `e = (mu - label) / sigma` in the plane, by its draws: what a label is expected to be
 * follows from it, `label = mu - sigma e`.
 */
export interface ErrorDensity extends PlaneMoments {
  /** [n, 2]. */
  readonly draws: Float64Array;
}

export function errorDensity(draws: Float64Array): ErrorDensity {
  return { draws, ...planeMoments(draws) };
}

/**
 * What the error of a flip test's average is taken to follow: half the density, half its mirror image, since of a mirrored
 * picture x is off to the other side. Correlations of x with y and shifts along x cancel. Two looks at a picture err much
 * alike, so that the average is no narrower.
 */
export function flipAveraged({ draws }: ErrorDensity): ErrorDensity {
  const both = new Float64Array(2 * draws.length);
  both.set(draws);
  both.set(
    draws.map((value, i) => (i % 2 === 0 ? -value : value)),
    draws.length,
  );
  return errorDensity(both);
}

/** How many standard deviations the ellipse of the density's shape reaches that holds `level` of its mass. */
export function radiusHolding(density: ErrorDensity, level: number): number {
  return sortedQuantile(sortedDistances(density.draws, density), level);
}

/** The mass within an ellipse of so many standard deviations; 39 % in one of a normal density. */
export function massWithin(density: ErrorDensity, radius: number): number {
  const distances = sortedDistances(density.draws, density);
  return distances.filter((distance) => distance <= radius).length / distances.length;
}
