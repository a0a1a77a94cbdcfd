import { composed } from '../autograd/composed.js';
import { ShapeError } from '../errors.js';

import { formatShape, sameShape } from '../tensor/shape.js';
import type { Device, Tensor } from '../tensor/tensor.js';
import { affineNorm, OVER_LAST } from './affineNorm.js';
import { constant } from './init.js';

/** Scale `weight` [C] and shift `bias` [C]. */
export type LayerNormParams = { weight: Tensor; bias: Tensor };

/** Scale 1 and shift 0 for a last axis of `features`. */
export function init(device: Device, features: number): LayerNormParams {
  return { weight: constant(device, [features], 1), bias: constant(device, [features], 0) };
}

/**
 * `y = weight (x - mean) / sqrt(var + eps) + bias` with the mean and the biased variance of each row along the last axis
 * (Ba, Kiros and Hinton 2016): PyTorch's `LayerNorm` of one axis.
 *
 * @param x [..., C], float32
 * @returns like x
 * @throws ShapeError if weight and bias are not [C]
 */
export function apply(
  { weight, bias }: LayerNormParams,
  x: Tensor,
  { eps = 1e-5 }: { readonly eps?: number } = {},
): Tensor {
  return composed('layerNorm', [x, weight, bias], () => {
    const wanted = x.shape.slice(-1);
    if (x.rank === 0 || !sameShape(weight.shape, wanted) || !sameShape(bias.shape, wanted)) {
      throw new ShapeError(
        `layerNorm: weight ${formatShape(weight.shape)} and bias ${formatShape(bias.shape)} must be ${formatShape(wanted)}, ` +
          `the last axis of x ${formatShape(x.shape)}`,
      );
    }
    return affineNorm(x, weight, bias, OVER_LAST, eps);
  });
}
