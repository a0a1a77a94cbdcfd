import { conv2d as conv2dOp } from '../kernels/product/conv2d.js';
import { type ConvAttrs, pair } from '../kernels/product/convGeometry.js';

import type { Rng } from '../tensor/rng.js';
import type { Device, Tensor } from '../tensor/tensor.js';
import { type ConvOptions, drawLayer } from './drawLayer.js';

/** `weight` [R, S, C/groups, K], `bias` [K]. */
export type Conv2dParams = { weight: Tensor; bias?: Tensor };

/** Options of `conv2d.init`: the numbers of channels, the size of the filter, and how it starts. */
export type Conv2dOptions = ConvOptions<number | readonly [number, number]>;

/**
 * Parameters of a convolution over NHWC images, by default drawn as PyTorch draws them.
 *
 * @throws ShapeError for an option there is not
 */
export function init(rng: Rng, device: Device, options: Conv2dOptions): Conv2dParams {
  return drawLayer('conv2d', rng, device, options, ({ inputs, outputs, kernel, groups = 1 }) => [
    ...pair(kernel),
    inputs / groups,
    outputs,
  ]);
}

/** Convolution of x [N, H, W, C] to [N, P, Q, K]; stride, padding, dilation and groups as in `conv2d`. */
export function apply({ weight, bias }: Conv2dParams, x: Tensor, attrs: Partial<ConvAttrs> = {}): Tensor {
  return conv2dOp.apply(bias ? [x, weight, bias] : [x, weight], attrs);
}
