import { type PlaneMoments, planeMoments, sortedDistances, sortedQuantile } from 'wgrad/rle';
import { planeOf } from '../plane.js';
import { type SpaceMoments, spaceMoments } from './spaceMoments.js';

/**
 * A density of the normalised error `e = (mu - label) / sigma` in the plane, by its draws: what a label is expected to be
 * follows from it, `label = mu - sigma e`.
 */
export interface ErrorDensity extends PlaneMoments {
  /** [n, 2]. */
  readonly draws: Float64Array;
  /** Of errors in space, whose x and y the rest is about. */
  readonly space?: SpaceErrors | undefined;
}

export interface SpaceErrors extends SpaceMoments {
  /** [n, 3]. */
  readonly draws: Float64Array;
}

/** @param draws [n, dims] */
export function errorDensity(draws: Float64Array, dims = 2): ErrorDensity {
  if (dims === 2) return { draws, ...planeMoments(draws) };
  return { ...errorDensity(planeOf(draws, dims)), space: { draws, ...spaceMoments(draws) } };
}

/**
 * What the error of a flip test's average is taken to follow: half the density, half its mirror image, since of a mirrored
 * picture x is off to the other side. Correlations of x with y and shifts along x cancel. Two looks at a picture err much
 * alike, so that the average is no narrower.
 */
export function flipAveraged(density: ErrorDensity): ErrorDensity {
  const { draws } = density.space ?? density;
  const dims = density.space ? 3 : 2;
  const both = new Float64Array(2 * draws.length);
  both.set(draws);
  both.set(
    draws.map((value, i) => (i % dims === 0 ? -value : value)),
    draws.length,
  );
  return errorDensity(both, dims);
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
