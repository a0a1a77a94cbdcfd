import { type Conv1dAttrs, conv1d as conv1dFunction } from '../kernels/product/conv1d.js';

import type { Rng } from '../tensor/rng.js';
import type { Device, Tensor } from '../tensor/tensor.js';
import { fans, torchUniform, type WeightInit } from './init.js';

/** `weight` [S, C/groups, K], `bias` [K]. */
export type Conv1dParams = { weight: Tensor; bias?: Tensor };

/** Options of `conv1d.init`: the numbers of channels, the length of the filter, and how it starts. */
export interface Conv1dOptions {
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly groups?: number;
  readonly bias?: boolean;
  readonly weightInit?: WeightInit;
}

/** Parameters of a convolution over sequences [N, L, C], by default drawn as PyTorch draws them. */
export function init(
  rng: Rng,
  device: Device,
  { inputs, outputs, kernel, groups = 1, bias = true, weightInit = torchUniform }: Conv1dOptions,
): Conv1dParams {
  const shape = [kernel, inputs / groups, outputs];
  const weight = weightInit(rng, device, shape);
  return bias ? { weight, bias: torchUniform(rng, device, [outputs], fans(shape).fanIn) } : { weight };
}

/** Convolution of x [N, L, C] to [N, Q, K]; stride, padding, dilation and groups as in `conv1d`. */
export function apply({ weight, bias }: Conv1dParams, x: Tensor, attrs?: Partial<Conv1dAttrs>): Tensor {
  return conv1dFunction(x, weight, bias, attrs);
}
