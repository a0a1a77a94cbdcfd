import { add, div, log, mean, mul, sqrt, square, sub, sum, type Tensor } from 'wgrad';
import { type Labels, maskedDifference } from 'wgrad/rle';
import { type GaussianMapOptions, gaussianMaps } from './gaussianMaps.js';
import type { MapOptions } from './mapGrid.js';
import { mapDistribution, mapMean, mapShape } from './softArgmax.js';

export interface HeatmapLossOptions extends MapOptions, Pick<GaussianMapOptions, 'sigma' | 'rounded'> {}

/**
 * `L = mean over B, H, W, K of w (map - gaussian)^2`, SimpleBaseline's loss (Xiao et al., 2018) as mmpose counts it;
 * the official code takes half of it. The weight w of a joint is the mean of its coordinates' weights, and 0 if its
 * Gaussian lies outside the map.
 *
 * @param maps [B, H, W, K]
 * @returns []
 */
export function heatmapMse(maps: Tensor, labels: Labels, options: HeatmapLossOptions = {}): Tensor {
  const [, height, width] = mapShape('heatmapMse', maps);
  const wanted = gaussianMaps(labels, { ...options, height, width });
  const errors = mean(square(sub(maps, wanted.maps)), { axes: [1, 2] });
  return mean(mul(errors, mul(jointWeight(labels), wanted.inside)));
}

export interface DsntOptions extends MapOptions {
  /** Standard deviation of the wanted distribution in pixels of the map, default 1. */
  readonly sigma?: number;
  /** Factor on the divergence, default 1. */
  readonly regularisation?: number;
}

/** Keeps logarithms finite where both distributions are 0; the value is mmpose's. */
const LOG_EPSILON = 1e-24;

/**
 * Differentiable spatial to numerical transform (Nibali et al., 2018, eq. 12),
 * `L = sum w (|mu - target| + lambda JS(p || N(target, sigma^2))) / B` over joints. p is the softmax of each map and mu
 * its mean; `|.|` is the Euclidean length in crop units, which is half of the paper's.
 *
 * @param maps [B, H, W, K]
 * @returns []
 */
export function dsnt(maps: Tensor, labels: Labels, { sigma = 1, regularisation = 1, pixel }: DsntOptions = {}): Tensor {
  const [B, height, width] = mapShape('dsnt', maps);
  const p = mapDistribution(maps);
  const distance = sqrt(add(sum(square(maskedDifference(mapMean(p, { pixel }), labels)), { axes: [2] }), LOG_EPSILON));
  const bells = gaussianMaps(labels, { height, width, sigma, rounded: false, pixel });
  const mass = add(sum(bells.maps, { axes: [1, 2], keepDims: true }), LOG_EPSILON);
  const divergence = mul(jensenShannon(p, div(bells.maps, mass)), bells.inside);
  const terms = add(distance, mul(divergence, regularisation));
  return mul(sum(mul(terms, jointWeight(labels))), 1 / B);
}

/** `JS(p || q) = (KL(p || m) + KL(q || m)) / 2` in nats, `m = (p + q) / 2`, of maps [B, H, W, K]; [B, K]. */
export function jensenShannon(p: Tensor, q: Tensor): Tensor {
  const logM = log(add(mul(add(p, q), 0.5), LOG_EPSILON));
  const kl = (a: Tensor) => sum(mul(a, sub(log(add(a, LOG_EPSILON)), logM)), { axes: [1, 2] });
  return mul(add(kl(p), kl(q)), 0.5);
}

/** One weight per joint, [B, K]; 1 where the labels have no weights. */
function jointWeight({ weight, target }: Labels): Tensor {
  if (!weight) return target.device.scalar(1);
  return mean(weight, { axes: [2] });
}
