import type { Shape } from 'wgrad';
import { mapExtent, type PeakOptions, PIXEL_CENTRE } from './heatmaps/mapGrid.js';

/** Poses [N, K, D] in crop units, x counted from the middle, and the sigma of each coordinate where there is one. */
export interface FlipPoses {
  readonly mu: Float64Array;
  readonly sigma?: Float64Array;
  /** D, default 2. */
  readonly dims?: number;
}

/**
 * The flip test: `(f(image) + mirror^-1 f(mirrored image)) / 2`, where `mirror^-1` swaps left and right joints and
 * turns x into -x; y and depths stay as they are. Sigmas, and therefore scores, are swapped with their joints; RLE's
 * official code averages them without the swap.
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
 * The flip test of heatmaps: the mean of each map and of the mirror image's map for the joint on the other side, turned
 * back. Maps are averaged rather than their peaks: where two peaks disagree, the higher one wins, while a mean of both
 * would be at neither.
 *
 * Column j shows `(j + pixel) / W` of the crop, so it comes from column `W - 2 pixel - j` of the mirror image. With
 * `pixel` 0.5 that is exactly the reversed array. With 0, as in the public codes, it is one column further, which they
 * call a shift of the flipped map by a pixel. With UDP it is exactly the reversed array again.
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
    // If pixels do not lie at their centres, the first column comes from beyond the last one; the last one stands in
    // for it.
    const source = Math.min(W - 1, Math.round(mapExtent(W, udp) - 2 * pixel - column));
    return (value + mirrored.maps[i - (i % (W * K)) + source * K + order[i % K]]) / 2;
  });
  return { maps, shape: upright.shape };
}

/** Turns what was predicted for mirror images back to the images; `sign` multiplies x. */
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
