import { ShapeError } from '../errors.js';
import { formatShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { mahalanobis, type PlaneCovariance, type PlaneMoments, planeMoments } from './planeMoments.js';
import { sortedQuantile } from './uncertainty.js';

/** An ellipse in the units of mu; `angle` is that of the major axis from x towards y, in radians. */
export interface Ellipse {
  readonly x: number;
  readonly y: number;
  readonly major: number;
  readonly minor: number;
  readonly angle: number;
}

/**
 * The radius, in standard deviations, of the ellipse that holds `level` of the mass: the quantile of
 * `sqrt((e - m)^T C^-1 (e - m))` over draws. For a normal density it is `sqrt(-2 log(1 - level))`, and the ellipse is
 * the region of highest density; for other densities it is the ellipse of that shape with this mass. Mapping errors to
 * labels does not change it.
 *
 * @param errors from `drawErrors`, [n, J, 2]
 * @returns one radius per J
 */
export async function ellipseRadius(errors: Tensor, level: number): Promise<Float64Array> {
  const [n, joints, dims] = errors.shape;
  if (errors.rank !== 3 || dims !== 2 || !(level > 0 && level < 1)) {
    throw new ShapeError(
      `ellipseRadius: wants errors [n, J, 2] and a level between 0 and 1, got ${formatShape(errors.shape)} and ${level}`,
    );
  }
  const data = await errors.data();
  return Float64Array.from({ length: joints }, (_, j) => {
    const ofJoint = Float64Array.from({ length: 2 * n }, (_, i) => data[((i >> 1) * joints + j) * 2 + (i & 1)]);
    return sortedQuantile(sortedDistances(ofJoint), level);
  });
}

/**
 * How many standard deviations draws [n, 2] are from their mean, ascending; quantiles of these are radii of ellipses.
 */
export function sortedDistances(draws: ArrayLike<number>, moments: PlaneMoments = planeMoments(draws)): Float64Array {
  const n = draws.length / 2;
  return Float64Array.from({ length: n }, (_, i) => mahalanobis(draws[2 * i], draws[2 * i + 1], moments)).sort();
}

/** The ellipse `(p - mean)^T C^-1 (p - mean) = radius^2`, from the eigenvectors of C = [[xx, xy], [xy, yy]]. */
export function ellipse([x, y]: readonly [number, number], [xx, xy, yy]: PlaneCovariance, radius: number): Ellipse {
  const middle = (xx + yy) / 2;
  const half = Math.hypot((xx - yy) / 2, xy);
  return {
    x,
    y,
    major: radius * Math.sqrt(middle + half),
    // Rounding must not turn a segment's width negative.
    minor: radius * Math.sqrt(Math.max(0, middle - half)),
    angle: 0.5 * Math.atan2(2 * xy, xx - yy),
  };
}

/**
 * The log-density above which the region of highest density lies that holds `level` of the mass: the `1 - level`
 * quantile of the log-density at the density's own draws. A point is inside where its log-density is at least that.
 *
 * @param logDensity of draws from the density, in nats; a constant added to it is added to the result
 */
export function highestDensityThreshold(logDensity: ArrayLike<number>, level: number): number {
  return sortedQuantile(Float64Array.from(logDensity).sort(), 1 - level);
}
