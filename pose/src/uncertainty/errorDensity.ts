import { type PlaneMoments, planeMoments, sortedDistances, sortedQuantile } from 'wgrad/rle';
import { planeOf } from '../plane.js';
import { type SpaceMoments, spaceMoments } from './spaceMoments.js';

/**
 * The density of the normalised error `e = (mu - label) / sigma` in the plane, given by draws from it. From it follows
 * where a label is expected: `label = mu - sigma e`.
 */
export interface ErrorDensity extends PlaneMoments {
  /** [n, 2]. */
  readonly draws: Float64Array;
  /** The errors in space, for a network in 3-D; the other fields are about their x and y. */
  readonly space?: SpaceErrors | undefined;
  /**
   * [dims]: poses are `mu - sigma shift`, and e is about them. Absent: they are mu. Of a network whose loss leaves open where
   * mu is (`isPlaceOpen`), mu alone is no pose.
   */
  readonly shift?: readonly number[] | undefined;
}

export interface SpaceErrors extends SpaceMoments {
  /** [n, 3]. */
  readonly draws: Float64Array;
}

/**
 * The density of the normalised error from draws of it, with their moments; in 3-D, the density in the plane and the
 * one in space.
 * @param draws [n, dims], in units of sigma
 * @param dims 2 or 3
 */
export function errorDensity(draws: Float64Array, dims = 2): ErrorDensity {
  if (dims === 2) return { draws, ...planeMoments(draws) };
  return { ...errorDensity(planeOf(draws, dims)), space: { draws, ...spaceMoments(draws) } };
}

/** The density of errors of poses at the means of their own densities, `mu - sigma E e`. */
export function aboutMean(density: ErrorDensity): ErrorDensity {
  const { draws, mean } = density.space ?? density;
  const shift = Array.from(mean);
  const centred = draws.map((value, i) => value - shift[i % shift.length]);
  return { ...errorDensity(centred, shift.length), shift };
}

/**
 * The density assumed for the error of a flip test's average: half of it is the density itself, half its mirror image,
 * since in a mirrored picture x is off to the other side. Correlations of x with y and shifts along x cancel. The
 * errors of both pictures are much alike, so that the average's density is taken to be as wide.
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
  return { ...errorDensity(both, dims), shift: density.shift };
}

/**
 * The radius, in standard deviations, of the ellipse that holds `level` of the density's mass; the ellipse has the
 * shape of the covariance.
 */
export function radiusHolding(density: ErrorDensity, level: number): number {
  return sortedQuantile(sortedDistances(density.draws, density), level);
}

/** The mass within an ellipse of so many standard deviations; for one of a normal density it is 39 %. */
export function massWithin(density: ErrorDensity, radius: number): number {
  const distances = sortedDistances(density.draws, density);
  return distances.filter((distance) => distance <= radius).length / distances.length;
}
