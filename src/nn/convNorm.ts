import { conv2dNorm } from '../kernels/product/conv2dNorm.js';
import type { ConvAttrs } from '../kernels/product/convGeometry.js';
import type { Tensor } from '../tensor/tensor.js';
import * as batchNorm from './batchNorm.js';
import * as conv2d from './conv2d.js';

/**
 * A convolution, its batch norm, a residual and an activation: in evaluation one dispatch, in training those of
 * `conv2d.apply` and `batchNorm.apply`.
 *
 * @returns y and the state to go on with, as `batchNorm.apply` does.
 */
export function apply(
  filter: conv2d.Conv2dParams,
  bn: batchNorm.BatchNormParams,
  state: batchNorm.BatchNormState,
  x: Tensor,
  conv: Partial<ConvAttrs>,
  options: batchNorm.BatchNormOptions,
): [y: Tensor, state: batchNorm.BatchNormState] {
  // The fused op has no place for a bias, which a batch norm would cancel in training anyway.
  if (options.training || filter.bias) return batchNorm.apply(bn, state, conv2d.apply(filter, x, conv), options);
  const { eps, activation, residual } = options;
  const norm = [bn.weight, bn.bias, state.running_mean, state.running_var];
  const operands = [x, filter.weight, ...norm, ...(residual ? [residual] : [])];
  return [conv2dNorm.apply(operands, { ...conv, eps, activation }), state];
}
