import type { Shape } from 'wgrad';
import { mapExtent, type PeakOptions, PIXEL_CENTRE } from './heatmaps/mapGrid.js';

/** Poses [N, K, D] in units of the crop, x from its middle, and the sigma of each coordinate where there is one. */
export interface FlipPoses {
  readonly mu: Float64Array;
  readonly sigma?: Float64Array;
  /** D, default 2. */
  readonly dims?: number;
}

/**
 * The flip test: `(f(image) + mirror^-1 f(mirrored image)) / 2`, where `mirror^-1` swaps left and right joints and turns
 * x into -x, and leaves y and depths as they are. Sigmas, and with them scores, follow their joints; RLE's official code
 * averages them without the swap.
 * @param order [K]: the schema's `flipOrder`
 */
export function flipAverage(upright: FlipPoses, mirrored: FlipPoses, order: Uint32Array): FlipPoses {
  const { dims = 2 } = upright;
  return {
    mu: average(upright.mu, unmirror(mirrored.mu, order, dims, -1)),
    sigma: upright.sigma && mirrored.sigma && average(upright.sigma, unmirror(mirrored.sigma, order, dims, 1)),
    dims,
  };
}

/** Heatmaps on the host, of `shape` [N, H, W, K]. */
export interface FlipMaps {
  readonly maps: Float64Array;
  readonly shape: Shape;
}

/**
 * The flip test of heatmaps: each map's mean with that of the mirror image, turned back, of the joint on the other side. Maps
 * are averaged, and not their peaks: where the two disagree, the higher peak wins, and a mean of both is at neither.
 *
 * Column j shows `(j + pixel) / W` of the crop, so it comes from column `W - 2 pixel - j`. With 0.5 that is exact. With 0, as
 * in the public codes, it is one further than the array reversed: what they call a shift of the flipped map by a pixel; with UDP
 * the array reversed is exact again.
 * @param order [K]: the schema's `flipOrder`
 */
export function flipAverageMaps(
  upright: FlipMaps,
  mirrored: FlipMaps,
  order: Uint32Array,
  { pixel = PIXEL_CENTRE, udp }: PeakOptions,
): FlipMaps {
  const [, , W, K] = upright.shape;
  const maps = upright.maps.map((value, i) => {
    const column = Math.floor(i / K) % W;
    // Beyond the last column, where pixels do not lie in their middle, there is only its neighbour.
    const source = Math.min(W - 1, Math.round(mapExtent(W, udp) - 2 * pixel - column));
    return (value + mirrored.maps[i - (i % (W * K)) + source * K + order[i % K]]) / 2;
  });
  return { maps, shape: upright.shape };
}

/** What was said of mirror images as it would be of the images; `sign` is that of x. */
function unmirror(values: Float64Array, order: Uint32Array, dims: number, sign: 1 | -1): Float64Array {
  const count = order.length;
  return values.map((_, i) => {
    const joint = Math.floor(i / dims);
    const source = joint - (joint % count) + order[joint % count];
    const value = values[dims * source + (i % dims)];
    return i % dims === 0 ? sign * value : value;
  });
}

const average = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, i) => (value + b[i]) / 2);
