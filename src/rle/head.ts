import { ShapeError } from '../errors.js';
import { add, mul, sub } from '../kernels/elementwise/arithmetic.js';
import { rsqrt, sigmoid, square } from '../kernels/elementwise/unary.js';
import { reshape } from '../kernels/layout/reshape.js';
import { mean } from '../kernels/reduction/mean.js';
import { sum } from '../kernels/reduction/sum.js';
import { constant, normal, xavierUniform } from '../nn/init.js';
import * as linear from '../nn/linear.js';

import type { Rng } from '../tensor/rng.js';
import { formatShape } from '../tensor/shape.js';
import type { Device, Tensor } from '../tensor/tensor.js';
import type { Prediction } from './prediction.js';

/** Two linear layers under the official code's names: `fc_coord.linear.weight`, `fc_sigma.linear.bias`, ... */
export type HeadParams = { fc_coord: { linear: linear.LinearParams }; fc_sigma: { linear: linear.LinearParams } };
/** The same with the layer of sigmas optional, as for a network trained with L1. */
export type PlainHeadParams = Pick<HeadParams, 'fc_coord'> & Partial<HeadParams>;

/** Options of `head.init`: the numbers of features, joints and coordinates, and how the weights start. */
export interface HeadShape {
  /** Channels of the features. */
  readonly inputs: number;
  /** K. */
  readonly joints: number;
  /** D, default 2. */
  readonly dims?: number;
  /**
   * Weights by Xavier's uniform with gain 0.01 and biases as PyTorch draws them (default), or from N(0, 0.01^2) and 0 as in
   * mmpose, whose layer does not normalise: `apply` it so.
   */
  readonly weights?: 'official' | 'mmpose';
}

/** Draws the parameters of the RLE head; mmpose keeps the same rows in one layer, joint by joint. */
export function init(
  rng: Rng,
  device: Device,
  { inputs, joints, dims = 2, weights = 'official' }: HeadShape,
): HeadParams {
  const outputs = joints * dims;
  const layer = (): linear.LinearParams =>
    weights === 'mmpose'
      ? { weight: normal(rng, device, [outputs, inputs], 0.01), bias: constant(device, [outputs], 0) }
      : linear.init(rng, device, { inputs, outputs, weightInit: (r, d, shape) => xavierUniform(r, d, shape, 0.01) });
  return { fc_coord: { linear: layer() }, fc_sigma: { linear: layer() } };
}

/** Options of `head.apply`. */
export interface HeadOptions {
  /**
   * Whether coordinates depend only on the features' direction, `W x / |x| + b`, as in the official code; default true.
   */
  readonly normalise?: boolean;
  /** D, default 2. */
  readonly dims?: number;
}

/** Added to |x|^2: behind a ReLU all features may be zero; the official code then gives NaN. */
const NORM_EPSILON = 1e-12;

/**
 * Coordinates `mu = W_c x / |x| + b_c` and logits `a = W_s x + b_s`, sigma = sigmoid(a).
 *
 * @param x pooled features [B, C]
 * @returns mu and, where there is the layer for it, logit, each [B, K, D]
 */
export function apply(params: HeadParams, x: Tensor, options?: HeadOptions): Required<Prediction>;
export function apply(params: PlainHeadParams, x: Tensor, options?: HeadOptions): Prediction;
export function apply(
  { fc_coord, fc_sigma }: PlainHeadParams,
  x: Tensor,
  { normalise = true, dims = 2 }: HeadOptions = {},
): Prediction {
  const outputs = fc_coord.linear.weight.shape[0];
  if (x.rank !== 2 || outputs % dims !== 0) {
    throw new ShapeError(
      `head: wants features [B, C] and a multiple of ${dims} outputs, got ${formatShape(x.shape)} and ${outputs}`,
    );
  }
  const shape = [x.shape[0], outputs / dims, dims];
  const coordinates = normalise ? mul(x, rsqrt(add(sum(square(x), { axes: [1], keepDims: true }), NORM_EPSILON))) : x;
  const mu = reshape(linear.apply(fc_coord.linear, coordinates), { shape });
  return fc_sigma ? { mu, logit: reshape(linear.apply(fc_sigma.linear, x), { shape }) } : { mu };
}

/** Confidence of each joint, `1 - mean_d sigma_d` [B, K] (Li et al., 2021, eq. 9): a ranking score, not calibrated. */
export function confidence(logit: Tensor): Tensor {
  return sub(1, mean(sigmoid(logit), { axes: [2] }));
}
