import type { Rng } from '../tensor/rng.js';
import type { Device, Tensor } from '../tensor/tensor.js';
import * as batchNorm from './batchNorm.js';
import * as conv2d from './conv2d.js';
import * as convNorm from './convNorm.js';

/** A convolution and its batch norm under PyTorch's names in `nn.Sequential(Conv2d, BatchNorm2d, ReLU)`. */
export type ConvUnitParams = { 0: conv2d.Conv2dParams; 1: batchNorm.BatchNormParams };
/** The running statistics of the batch norm, under its index in torchvision's `ConvNormActivation`. */
export type ConvUnitState = { 1: batchNorm.BatchNormState };

/** Options of `convUnit.apply`. */
export interface ConvUnitOptions extends Pick<batchNorm.BatchNormOptions, 'training' | 'activation'> {
  readonly stride: number;
}

/** Parameters and running statistics of a convolution and its batch norm. */
export function init(
  rng: Rng,
  device: Device,
  options: conv2d.Conv2dOptions,
): { params: ConvUnitParams; state: ConvUnitState } {
  const filter = conv2d.init(rng, device, options);
  const bn = batchNorm.init(device, options.outputs);
  return { params: { 0: filter, 1: bn.params }, state: { 1: bn.state } };
}

/**
 * `y = act(norm(conv(x)))`, ReLU by default, with as much padding as keeps the size at stride 1; the filter tells the
 * number of groups. In training, go on with the returned state.
 *
 * @param x [N, H, W, C]
 */
export function apply(
  params: ConvUnitParams,
  state: ConvUnitState,
  x: Tensor,
  { stride, training, activation = 'relu' }: ConvUnitOptions,
): [y: Tensor, state: ConvUnitState] {
  const [side, , perGroup] = params[0].weight.shape;
  const conv = { stride, padding: (side - 1) / 2, groups: x.shape[3] / perGroup };
  const [y, bn] = convNorm.apply(params[0], params[1], state[1], x, conv, { training, activation });
  return [y, { 1: bn }];
}
