import {
  abs,
  add,
  cast,
  exp,
  expandDims,
  greater,
  lessEqual,
  logicalAnd,
  mul,
  reshape,
  slice,
  square,
  sub,
  type Tensor,
  where,
} from 'wgrad';
import type { Labels } from 'wgrad/rle';
import { indices, type MapOptions, PIXEL_CENTRE } from './mapGrid.js';

export interface GaussianMapOptions extends MapOptions {
  readonly height: number;
  readonly width: number;
  /** Standard deviation in pixels of the map, default 2. */
  readonly sigma?: number;
  /**
   * True (default): round the peak to a pixel and cut the map off beyond 3 sigma, as SimpleBaseline does. False: leave
   * the peak where it is, between pixels.
   */
  readonly rounded?: boolean;
}

/** The heatmaps that a network should give, and which of them mean anything. */
export interface GaussianMaps {
  /** [B, H, W, K]. */
  readonly maps: Tensor;
  /** [B, K], 0 or 1: whether the joint's Gaussian reaches into the map. */
  readonly inside: Tensor;
}

/**
 * `map_ij = exp(-((j - u)^2 + (i - v)^2) / (2 sigma^2))` around each joint (u, v) in map pixels, of height 1.
 *
 * Where the weight is 0 the target may hold anything; the map is then that of the crop's centre.
 */
export function gaussianMaps(
  { target, weight }: Labels,
  { height, width, sigma = 2, rounded = true, pixel = PIXEL_CENTRE }: GaussianMapOptions,
): GaussianMaps {
  const [B, K] = target.shape;
  const known = weight ? where(greater(weight, 0), target, 0) : target;
  const reach = 3 * sigma;
  const along = (coordinate: 0 | 1, extent: number) => {
    const t = slice(known, { begin: [0, 0, coordinate], end: [B, K, coordinate + 1] });
    const exact = sub(mul(add(reshape(t, { shape: [B, 1, K] }), 0.5), extent), pixel);
    // The public codes truncate towards 0, which moves a joint just outside the map one pixel closer.
    const centre = rounded ? cast(cast(add(exact, 0.5), { dtype: 'int32' }), { dtype: 'float32' }) : exact;
    const distance = sub(reshape(indices(target.device, extent), { shape: [extent, 1] }), centre);
    const bell = exp(mul(square(distance), -0.5 / sigma ** 2));
    return {
      profile: rounded ? where(lessEqual(abs(distance), reach), bell, 0) : bell,
      inside: logicalAnd(lessEqual(centre, extent - 1 + reach), lessEqual(mul(centre, -1), reach)),
    };
  };
  const [x, y] = [along(0, width), along(1, height)];
  return {
    maps: mul(expandDims(y.profile, { axis: 2 }), expandDims(x.profile, { axis: 1 })),
    inside: reshape(cast(logicalAnd(x.inside, y.inside), { dtype: 'float32' }), { shape: [B, K] }),
  };
}
