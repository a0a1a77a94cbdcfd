import { ShapeError } from '../../errors.js';
import { add, div, mul, neg, sub } from '../../kernels/elementwise/arithmetic.js';
import { cast } from '../../kernels/elementwise/cast.js';
import { clamp } from '../../kernels/elementwise/clamp.js';
import { greaterEqual, lessEqual } from '../../kernels/elementwise/comparison.js';
import { abs, log, softplus, sqrt, square } from '../../kernels/elementwise/unary.js';
import { where } from '../../kernels/elementwise/where.js';
import { pick } from '../../kernels/indexing/pick.js';
import { concat } from '../../kernels/layout/concat.js';
import { expandDims } from '../../kernels/layout/reshape.js';
import { cumsum } from '../../kernels/reduction/cumsum.js';
import { softmax } from '../../kernels/reduction/softmax.js';
import { broadcastTo, sum } from '../../kernels/reduction/sum.js';
import type { Tensor } from '../../tensor/tensor.js';
import { columns, type Transform } from './transforms.js';

export interface SplineOptions {
  /** Pieces of the spline, default 8. */
  readonly bins?: number;
  /** Half the width of its support, default 5; outside it is the identity. */
  readonly bound?: number;
}

/** The least width, height and slope of a piece, as shares of an even one: what keeps the inverse well-conditioned. */
const LEAST = 1e-3;
/** What softplus must be given for the slope to be one. */
const UNIT_SLOPE = Math.log(Math.expm1(1 - LEAST));

/** One piece per coordinate: its ends from (x, y) to (right, top), width, height and the slopes at both ends. */
interface Piece {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly right: Tensor;
  readonly top: Tensor;
  readonly width: Tensor;
  readonly height: Tensor;
  readonly slope: Tensor;
  readonly nextSlope: Tensor;
}

/** A place in a piece as shares of its width, from the left and from the right end: either may be tiny, and still has digits. */
interface Place {
  readonly share: Tensor;
  readonly rest: Tensor;
}

/**
 * A monotone spline of rational quadratics on [-bound, bound], the identity outside: with share r = (z - x_k) / width_k of
 * its piece and secant slope m = height_k / width_k,
 *
 *     x = y_k + height_k (m r^2 + d_k r (1 - r)) / (m + (d_k+1 + d_k - 2 m) r (1 - r))
 *
 * (Durkan et al. 2019, eq. 4 to 8; the slopes at both outer ends are one).
 */
export function rationalQuadratic({ bins = 8, bound = 5 }: SplineOptions = {}): Transform {
  if (!(Number.isInteger(bins) && bins >= 2 && bound > 0)) {
    throw new ShapeError(`rationalQuadratic: wants at least 2 bins and a bound > 0, got ${bins} and ${bound}`);
  }
  const knots = { bins, bound };
  return {
    count: 3 * bins - 1,
    forward: (z, parameters) =>
      inside(z, bound, (at) => {
        const piece = pieceAt(at, parameters, knots, 'x');
        const { x, right, width } = piece;
        const { rise, logSlope } = riseOf({ share: div(sub(at, x), width), rest: div(sub(right, at), width) }, piece);
        return [add(piece.y, rise), logSlope];
      }),
    inverse: (x, parameters) =>
      inside(x, bound, (at) => {
        const piece = pieceAt(at, parameters, knots, 'y');
        const place = placeAt(at, piece);
        return [add(piece.x, mul(place.share, piece.width)), neg(riseOf(place, piece).logSlope)];
      }),
  };
}

/** The spline within its support; the branch not taken gets points from inside, so that its gradient is finite. */
function inside(
  at: Tensor,
  bound: number,
  spline: (at: Tensor) => readonly [Tensor, Tensor],
): readonly [Tensor, Tensor] {
  const within = lessEqual(abs(at), bound);
  const [moved, logSlope] = spline(clamp(at, { min: -bound, max: bound }));
  return [where(within, moved, at), where(within, logSlope, 0)];
}

function pieceAt(at: Tensor, parameters: Tensor, { bins, bound }: Required<SplineOptions>, axis: 'x' | 'y'): Piece {
  const widths = extents(columns(parameters, 0, bins), bins, bound);
  const heights = extents(columns(parameters, bins, 2 * bins), bins, bound);
  const rights = sub(cumsum(widths, { axis: -1 }), bound);
  const tops = sub(cumsum(heights, { axis: -1 }), bound);
  const inner = columns(axis === 'x' ? rights : tops, 0, bins - 1);
  const index = sum(cast(greaterEqual(expandDims(at, { axis: -1 }), inner), { dtype: 'int32' }), { axes: [-1] });
  const slopes = add(softplus(add(columns(parameters, 2 * bins, 3 * bins - 1), UNIT_SLOPE)), LEAST);
  const one = broadcastTo(parameters.device.scalar(1), { shape: [...at.shape, 1] });
  const chosen = (values: Tensor) => pick(values, index, { axes: -1 });
  const width = chosen(widths);
  const height = chosen(heights);
  const [right, top] = [chosen(rights), chosen(tops)];
  return {
    x: sub(right, width),
    y: sub(top, height),
    right,
    top,
    width,
    height,
    slope: chosen(concat([one, slopes], { axis: -1 })),
    nextSlope: chosen(concat([slopes, one], { axis: -1 })),
  };
}

/** Positive extents that add up to the support, `2 bound (least + (1 - bins least) softmax)`. */
function extents(raw: Tensor, bins: number, bound: number): Tensor {
  return mul(add(mul(softmax(raw, { axis: -1 }), 1 - bins * LEAST), LEAST), 2 * bound);
}

/** What the spline gains since the left end of the piece, and the logarithm of its slope there. */
function riseOf(
  { share, rest }: Place,
  { width, height, slope, nextSlope }: Piece,
): { rise: Tensor; logSlope: Tensor } {
  const secant = div(height, width);
  const mixed = mul(share, rest);
  const denominator = add(secant, mul(bend(secant, slope, nextSlope), mixed));
  const rise = div(mul(height, add(mul(secant, square(share)), mul(slope, mixed))), denominator);
  const numerator = add(add(mul(nextSlope, square(share)), mul(mul(secant, 2), mixed)), mul(slope, square(rest)));
  const logSlope = sub(add(mul(log(secant), 2), log(numerator)), mul(log(denominator), 2));
  return { rise, logSlope };
}

/**
 * The place where the spline reaches `y`, the root in [0, 1] of a quadratic `a r^2 + b r - c = 0`. Counted from the right end
 * downwards the quadratic has the other sign of a: from the end where `a >= 0` its discriminant `b^2 + 4 a c` is a sum of
 * squares, which rounding cannot turn negative; from the other end it did, within some ulp of a knot behind a steep piece.
 */
function placeAt(y: Tensor, { y: bottom, top, width, height, slope, nextSlope }: Piece): Place {
  const secant = div(height, width);
  const bent = bend(secant, slope, nextSlope);
  const curvature = (moved: Tensor, d: Tensor) => add(mul(height, sub(secant, d)), mul(moved, bent));
  const [rise, fall] = [sub(y, bottom), sub(top, y)];
  const fromLeft = greaterEqual(curvature(rise, slope), 0);
  const moved = where(fromLeft, rise, fall);
  const d = where(fromLeft, slope, nextSlope);
  const b = sub(mul(height, d), mul(moved, bent));
  const c = mul(secant, moved);
  const root = sqrt(add(square(b), mul(mul(curvature(moved, d), c), 4)));
  const near = div(mul(c, 2), add(b, root));
  const far = sub(1, near);
  return { share: where(fromLeft, near, far), rest: where(fromLeft, far, near) };
}

/** `d_k+1 + d_k - 2 m`. */
function bend(secant: Tensor, slope: Tensor, nextSlope: Tensor): Tensor {
  return sub(add(slope, nextSlope), mul(secant, 2));
}
