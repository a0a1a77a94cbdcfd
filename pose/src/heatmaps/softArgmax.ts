import {
  div,
  exp,
  expandDims,
  formatShape,
  logSumExp,
  mul,
  reshape,
  ShapeError,
  softmax,
  stack,
  sub,
  sum,
  type Tensor,
} from 'wgrad';
import { type MapOptions, PIXEL_CENTRE, pixelCoordinates } from './mapGrid.js';

/**
 * How the mass that a softmax leaves on the background is taken out of the mean (Gu et al., 2021): `none`: not at all;
 * `exact`: exactly, for a background of 0; `mmpose`: by mmpose's formula, which counts the H W pixels of the background
 * as one.
 */
export type Debias = 'none' | 'exact' | 'mmpose';

export interface SoftArgmaxOptions extends MapOptions {
  /** Inverse temperature of the softmax, default 1. */
  readonly beta?: number;
  /**
   * Default `none`. `exact` divides by 0 on a map that is 0 everywhere, so training must start from maps that have
   * peaks.
   */
  readonly debias?: Debias;
}

/** Each map as a distribution over its pixels, `p = softmax(beta map)`; [B, H, W, K]. */
export function mapDistribution(maps: Tensor, beta = 1): Tensor {
  const [B, H, W, K] = mapShape('mapDistribution', maps);
  const rows = reshape(beta === 1 ? maps : mul(maps, beta), { shape: [B, H * W, K] });
  return reshape(softmax(rows, { axis: 1 }), { shape: [B, H, W, K] });
}

/**
 * Mean of distributions over pixels, `mu = sum_ij p_ij t_ij`, t the coordinates of the pixels (Sun et al., 2018, eq.
 * 2).
 *
 * @param p [B, H, W, K], sums of 1 over H and W
 * @returns [B, K, 2], x and y in crop units
 */
export function mapMean(p: Tensor, { pixel = PIXEL_CENTRE }: MapOptions = {}): Tensor {
  const [, H, W] = mapShape('mapMean', p);
  const along = (axis: 1 | 2, extent: number) => {
    const t = reshape(pixelCoordinates(p.device, extent, pixel), { shape: [extent, 1] });
    return sum(mul(sum(p, { axes: [3 - axis] }), t), { axes: [1] });
  };
  return stack([along(2, W), along(1, H)], { axis: -1 });
}

/**
 * Coordinates as the mean of heatmaps, through which gradients flow: integral regression (Sun et al., 2018).
 *
 * Where a map is 0 except for its peak at `t`, a share `r = H W / sum exp(map)` of the mass lies evenly on all pixels,
 * whose mean is `c`. The debiased mean `(mu - r c) / (1 - r)` is then `t`. mmpose computes `r = 1 / sum exp(map)`,
 * whatever beta is, and takes `c = 0`.
 *
 * @param maps [B, H, W, K]
 * @returns [B, K, 2], x and y in crop units
 */
export function softArgmax(
  maps: Tensor,
  { beta = 1, debias = 'none', pixel = PIXEL_CENTRE }: SoftArgmaxOptions = {},
): Tensor {
  const [, H, W] = mapShape('softArgmax', maps);
  const mean = mapMean(mapDistribution(maps, beta), { pixel });
  if (debias === 'none') return mean;
  const pixels = debias === 'exact' ? H * W : 1;
  const total = logSumExp(beta === 1 || debias === 'mmpose' ? maps : mul(maps, beta), { axes: [1, 2] });
  const share = expandDims(exp(sub(Math.log(pixels), total)), { axis: -1 });
  const centre = (extent: number) => (debias === 'exact' ? (pixel - 0.5) / extent : 0);
  const c = stack([mul(share, centre(W)), mul(share, centre(H))], { axis: -1 });
  return div(sub(mean, reshape(c, { shape: mean.shape })), sub(1, share));
}

/** @throws ShapeError unless maps are [B, H, W, K] */
export function mapShape(who: string, maps: Tensor): readonly number[] {
  if (maps.rank === 4) return maps.shape;
  throw new ShapeError(`${who}: heatmaps must be [B, H, W, K], got ${formatShape(maps.shape)}`);
}
