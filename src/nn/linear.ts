import { linear as linearOp } from '../kernels/product/linear.js';

import type { Rng } from '../tensor/rng.js';
import type { Device, Tensor } from '../tensor/tensor.js';
import { drawLayer, type LayerOptions } from './drawLayer.js';

/** `weight` [out, in], `bias` [out]. */
export type LinearParams = { weight: Tensor; bias?: Tensor };

/** Options of `linear.init`: the numbers of features, and how the weight starts. */
export type LinearOptions = LayerOptions;

/**
 * Parameters of a fully connected layer, by default drawn as PyTorch draws them.
 *
 * @throws ShapeError for an option there is not
 */
export function init(rng: Rng, device: Device, options: LinearOptions): LinearParams {
  return drawLayer('linear', rng, device, options, ({ inputs, outputs }) => [outputs, inputs]);
}

/** `y = x W^T + b` over the last axis: [..., in] to [..., out]. */
export function apply({ weight, bias }: LinearParams, x: Tensor): Tensor {
  return linearOp.apply(bias ? [x, weight, bias] : [x, weight]);
}
