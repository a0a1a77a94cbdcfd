import { type Conv1dAttrs, conv1d as conv1dFunction } from '../kernels/product/conv1d.js';

import type { Rng } from '../tensor/rng.js';
import type { Device, Tensor } from '../tensor/tensor.js';
import { type ConvOptions, drawLayer } from './drawLayer.js';

/** `weight` [S, C/groups, K], `bias` [K]. */
export type Conv1dParams = { weight: Tensor; bias?: Tensor };

/** Options of `conv1d.init`: the numbers of channels, the length of the filter, and how it starts. */
export type Conv1dOptions = ConvOptions<number>;

/**
 * Parameters of a convolution over sequences [N, L, C], by default drawn as PyTorch draws them.
 *
 * @throws ShapeError for an option there is not
 */
export function init(rng: Rng, device: Device, options: Conv1dOptions): Conv1dParams {
  return drawLayer('conv1d', rng, device, options, ({ inputs, outputs, kernel, groups = 1 }) => [
    kernel,
    inputs / groups,
    outputs,
  ]);
}

/** Convolution of x [N, L, C] to [N, Q, K]; stride, padding, dilation and groups as in `conv1d`. */
export function apply({ weight, bias }: Conv1dParams, x: Tensor, attrs?: Partial<Conv1dAttrs>): Tensor {
  return conv1dFunction(x, weight, bias, attrs);
}
