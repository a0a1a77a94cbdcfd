import { linear as linearOp } from '../kernels/product/linear.js';

import type { Rng } from '../tensor/rng.js';
import type { Device, Tensor } from '../tensor/tensor.js';
import { torchUniform, type WeightInit } from './init.js';

/** `weight` [out, in], `bias` [out]. */
export type LinearParams = { weight: Tensor; bias?: Tensor };

/** Options of `linear.init`: the numbers of features, and how the weight starts. */
export interface LinearOptions {
  readonly inputs: number;
  readonly outputs: number;
  readonly bias?: boolean;
  /** Of the weight; biases are PyTorch's U(-1/sqrt(inputs), 1/sqrt(inputs)). */
  readonly weightInit?: WeightInit;
}

/** Parameters of a fully connected layer, by default drawn as PyTorch draws them. */
export function init(
  rng: Rng,
  device: Device,
  { inputs, outputs, bias = true, weightInit = torchUniform }: LinearOptions,
): LinearParams {
  const weight = weightInit(rng, device, [outputs, inputs]);
  return bias ? { weight, bias: torchUniform(rng, device, [outputs], inputs) } : { weight };
}

/** `y = x W^T + b` over the last axis: [..., in] to [..., out]. */
export function apply({ weight, bias }: LinearParams, x: Tensor): Tensor {
  return linearOp.apply(bias ? [x, weight, bias] : [x, weight]);
}
