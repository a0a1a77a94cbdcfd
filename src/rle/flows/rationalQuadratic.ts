import { ShapeError } from '../../errors.js';
import { add, div, mul, neg, sub } from '../../kernels/elementwise/arithmetic.js';
import { cast } from '../../kernels/elementwise/cast.js';
import { clamp } from '../../kernels/elementwise/clamp.js';
import { greaterEqual, lessEqual } from '../../kernels/elementwise/comparison.js';
import { abs, log, softplus, sqrt, square } from '../../kernels/elementwise/unary.js';
import { where } from '../../kernels/elementwise/where.js';
import { pick } from '../../kernels/indexing/takeAlongAxis.js';
import { expandDims } from '../../kernels/layout/reshape.js';
import { pad } from '../../kernels/layout/slice.js';
import { cumsum } from '../../kernels/reduction/cumsum.js';
import { softmax } from '../../kernels/reduction/softmax.js';
import { sum } from '../../kernels/reduction/sum.js';
import type { Tensor } from '../../tensor/tensor.js';
import { columns, type Transform } from './transforms.js';

/** Options of `rationalQuadratic`. */
export interface SplineOptions {
  /** Pieces of the spline, default 8. */
  readonly bins?: number;
  /** Half the width of the spline's support, default 5; outside it the map is the identity. */
  readonly bound?: number;
}

/**
 * The least width, height and slope of a piece, as shares of an even piece's; they keep the inverse well-conditioned.
 */
const LEAST = 1e-3;
/** The number for which softplus gives slope 1. */
const UNIT_SLOPE = Math.log(Math.expm1(1 - LEAST));

/** One piece per coordinate: its ends, (left, bottom) and (right, top), and the slopes at both. */
interface Piece {
  readonly left: Tensor;
  readonly right: Tensor;
  readonly bottom: Tensor;
  readonly top: Tensor;
  readonly slope: Tensor;
  readonly nextSlope: Tensor;
}

/**
 * A place in a piece as shares of its width from the left and from the right end. Either share may be tiny and is still
 * accurate.
 */
interface Place {
  readonly share: Tensor;
  readonly rest: Tensor;
}

interface Ratios {
  /** The secant slope m. */
  readonly secant: Tensor;
  /** The denominator of the spline divided by m. */
  readonly density: Tensor;
}

/**
 * A monotone spline of rational quadratics on [-bound, bound], the identity outside: with the shares r = (z - x_k) / width_k and
 * t = 1 - r of its piece and the secant slope m = height_k / width_k,
 *
 *     x = y_k + height_k (m r^2 + d_k r t) / (m (r^2 + t^2) + (d_k + d_k+1) r t)
 *
 * (Durkan et al. 2019, eq. 4 to 8, with r^2 + t^2 for 1 - 2 r t; the slopes at both outer ends are one). All sums are of
 * positive terms, each end of a piece is counted from by the points that are nearer to it, and the outermost knots are the
 * bound itself, so that float32 keeps its digits everywhere and both ends of the support stay where they are.
 */
export function rationalQuadratic({ bins = 8, bound = 5 }: SplineOptions = {}): Transform<'nets'> {
  if (!(Number.isInteger(bins) && bins >= 2 && bins * LEAST < 1 && bound > 0 && bound < Number.POSITIVE_INFINITY)) {
    throw new ShapeError(
      `rationalQuadratic: wants at least 2 bins, at most ${1 / LEAST - 1}, and a finite bound > 0, got ${bins} and ${bound}`,
    );
  }
  const knots = { bins, bound };
  return {
    parts: { nets: 3 * bins - 1 },
    forward: (z, { nets: parameters }) =>
      inside(z, bound, (at) => {
        const piece = pieceAt(at, parameters, knots, 'x');
        const { left, right, bottom, top, slope, nextSlope } = piece;
        const width = sub(right, left);
        const place = { share: div(sub(at, left), width), rest: div(sub(right, at), width) };
        const { share, rest } = place;
        const ratios = ratiosAt(place, piece);
        const { secant, density } = ratios;
        const gained = (d: Tensor, from: Tensor) =>
          div(mul(sub(top, bottom), add(square(from), mul(div(d, secant), mul(share, rest)))), density);
        const moved = fromNearerEnd(place, [bottom, gained(slope, share)], [top, gained(nextSlope, rest)]);
        return [moved, logSlopeAt(place, piece, ratios)];
      }),
    inverse: (x, { nets: parameters }) =>
      inside(x, bound, (at) => {
        const piece = pieceAt(at, parameters, knots, 'y');
        const { left, right } = piece;
        const place = placeAt(at, piece);
        const width = sub(right, left);
        const moved = fromNearerEnd(place, [left, mul(place.share, width)], [right, mul(place.rest, width)]);
        return [moved, neg(logSlopeAt(place, piece, ratiosAt(place, piece)))];
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
  const inX = innerKnots(columns(parameters, 0, bins), bins, bound);
  const inY = innerKnots(columns(parameters, bins, 2 * bins), bins, bound);
  const isPassed = greaterEqual(expandDims(at, { axis: -1 }), axis === 'x' ? inX : inY);
  const index = sum(cast(isPassed, { dtype: 'int32' }), { axes: [-1] });
  const slopes = add(softplus(add(columns(parameters, 2 * bins, 3 * bins - 1), UNIT_SLOPE)), LEAST);
  // Of the knots between pieces and what the outer ends have instead, the one at either end of the piece.
  const before = new Array<number>(at.rank).fill(0).concat(1);
  const atStart = (inner: Tensor, value: number) => pick(pad(inner, { before, value }), index, { axis: -1 });
  const atEnd = (inner: Tensor, value: number) => pick(pad(inner, { after: before, value }), index, { axis: -1 });
  return {
    left: atStart(inX, -bound),
    right: atEnd(inX, bound),
    bottom: atStart(inY, -bound),
    top: atEnd(inY, bound),
    slope: atStart(slopes, 1),
    nextSlope: atEnd(slopes, 1),
  };
}

/** The knots between the pieces, whose extents, `2 bound (least + (1 - bins least) softmax)`, add up to the support. */
function innerKnots(raw: Tensor, bins: number, bound: number): Tensor {
  const extents = mul(add(mul(softmax(raw, { axis: -1 }), 1 - bins * LEAST), LEAST), 2 * bound);
  return sub(cumsum(columns(extents, 0, bins - 1), { axis: -1 }), bound);
}

/** A coordinate from what it is beyond the left end and from what it lacks to the right end, whichever is nearer. */
function fromNearerEnd(
  { share, rest }: Place,
  [start, gained]: readonly [Tensor, Tensor],
  [end, missing]: readonly [Tensor, Tensor],
): Tensor {
  return where(lessEqual(share, rest), add(start, gained), sub(end, missing));
}

function ratiosAt({ share, rest }: Place, { left, right, bottom, top, slope, nextSlope }: Piece): Ratios {
  const secant = div(sub(top, bottom), sub(right, left));
  const bent = mul(div(add(slope, nextSlope), secant), mul(share, rest));
  return { secant, density: add(add(square(share), square(rest)), bent) };
}

/** `log dx/dz = log((d_k+1 r^2 + 2 m r t + d_k t^2) m^2 / denominator^2)`. */
function logSlopeAt({ share, rest }: Place, { slope, nextSlope }: Piece, { secant, density }: Ratios): Tensor {
  const ends = add(mul(nextSlope, square(share)), mul(slope, square(rest)));
  const numerator = add(ends, mul(mul(secant, 2), mul(share, rest)));
  return sub(log(numerator), mul(log(density), 2));
}

/**
 * The place where the spline reaches `y`. With the rise since the bottom and the fall to the top, the ratio q = r / t of the
 * shares is the positive root of
 *
 *     m fall q^2 + (d_k fall - d_k+1 rise) q - m rise = 0
 *
 * whose discriminant is a sum of squares. Of its two forms the one without a difference serves, as the shares' ratio p : w.
 */
function placeAt(y: Tensor, { left, right, bottom, top, slope, nextSlope }: Piece): Place {
  const [rise, fall] = [sub(y, bottom), sub(top, y)];
  const secant = div(sub(top, bottom), sub(right, left));
  const a = mul(secant, fall);
  const c = mul(secant, rise);
  const b = sub(mul(slope, fall), mul(nextSlope, rise));
  const root = sqrt(add(square(b), mul(mul(a, c), 4)));
  const isFalling = greaterEqual(b, 0);
  const p = where(isFalling, mul(c, 2), sub(root, b));
  const w = where(isFalling, add(root, b), mul(a, 2));
  const whole = add(p, w);
  return { share: div(p, whole), rest: div(w, whole) };
}
