import { conv2d as conv2dOp } from '../kernels/product/conv2d.js';
import { type ConvAttrs, pair } from '../kernels/product/convGeometry.js';

import type { Rng } from '../tensor/rng.js';
import type { Device, Tensor } from '../tensor/tensor.js';
import { fans, torchUniform, type WeightInit } from './init.js';

/** `weight` [R, S, C/groups, K], `bias` [K]. */
export type Conv2dParams = { weight: Tensor; bias?: Tensor };

/** Options of `conv2d.init`: the numbers of channels, the size of the filter, and how it starts. */
export interface Conv2dOptions {
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number | readonly [number, number];
  readonly groups?: number;
  readonly bias?: boolean;
  readonly weightInit?: WeightInit;
}

/** Parameters of a convolution over NHWC images, by default drawn as PyTorch draws them. */
export function init(
  rng: Rng,
  device: Device,
  { inputs, outputs, kernel, groups = 1, bias = true, weightInit = torchUniform }: Conv2dOptions,
): Conv2dParams {
  const [r, s] = pair(kernel);
  const shape = [r, s, inputs / groups, outputs];
  const weight = weightInit(rng, device, shape);
  return bias ? { weight, bias: torchUniform(rng, device, [outputs], fans(shape).fanIn) } : { weight };
}

/** Convolution of x [N, H, W, C] to [N, P, Q, K]; stride, padding, dilation and groups as in `conv2d`. */
export function apply({ weight, bias }: Conv2dParams, x: Tensor, attrs: Partial<ConvAttrs> = {}): Tensor {
  return conv2dOp.apply(bias ? [x, weight, bias] : [x, weight], attrs);
}
