import { ShapeError } from '../errors.js';
import { relu } from '../kernels/elementwise/activation.js';
import { add } from '../kernels/elementwise/arithmetic.js';
import { clamp } from '../kernels/elementwise/clamp.js';
import { batchNormAddRelu, batchNorm as batchNormOp, batchNormRelu } from '../kernels/norm/batchNorm.js';
import { batchNormEval } from '../kernels/norm/batchNormEval.js';
import type { Activation } from '../kernels/wgsl/epilogue.wgsl.js';

import { checkOptions, type Kinds } from '../tensor/options.js';
import type { Device, Tensor } from '../tensor/tensor.js';
import { constant } from './init.js';
import { trainingNorm } from './trainingNorm.js';

/** Scale `weight` [C] and shift `bias` [C]. */
export type BatchNormParams = { weight: Tensor; bias: Tensor };

/** Running statistics [C] under PyTorch's names, the variance unbiased; the count of batches stays on the host. */
export type BatchNormState = { running_mean: Tensor; running_var: Tensor; num_batches_tracked: number };

/** Options of `batchNorm.apply` and of the layers that contain it. */
export interface BatchNormOptions {
  /** Normalise by the batch and update the running statistics, or normalise by the running statistics. */
  readonly training: boolean;
  /** Weight of the newest batch in the running statistics; `null` averages all batches alike, as PyTorch's `None` does. */
  readonly momentum?: number | null;
  readonly eps?: number;
  /** Added before the activation; like x. */
  readonly residual?: Tensor;
  readonly activation?: Activation;
}

const OPTIONS: Kinds<BatchNormOptions> = {
  training: 'boolean',
  momentum: 'any',
  eps: 'number',
  residual: 'tensor',
  activation: 'text',
};

/** Scale 1, shift 0, running mean 0 and variance 1. */
export function init(device: Device, channels: number): { params: BatchNormParams; state: BatchNormState } {
  const fill = (value: number) => constant(device, [channels], value);
  return {
    params: { weight: fill(1), bias: fill(0) },
    state: { running_mean: fill(0), running_var: fill(1), num_batches_tracked: 0 },
  };
}

/**
 * `y = weight (x - mean) / sqrt(var + eps) + bias` over all axes but the last, then the residual and the activation if asked.
 *
 * In training, mean and (biased) variance are the batch's; the running statistics are updated in place and the handles
 * of `state` die: go on with the state returned. In evaluation the running ones are used, and `state` is returned.
 *
 * @throws ShapeError for an option there is not, and a momentum beyond [0, 1]
 */
export function apply(
  { weight, bias }: BatchNormParams,
  state: BatchNormState,
  x: Tensor,
  options: BatchNormOptions,
): [y: Tensor, state: BatchNormState] {
  checkOptions('batchNorm.apply', OPTIONS, options);
  const { training, momentum = 0.1, eps = 1e-5, residual, activation = 'none' } = options;
  const { running_mean, running_var, num_batches_tracked } = state;
  if (momentum !== null && !(momentum >= 0 && momentum <= 1)) {
    throw new ShapeError(`batchNorm.apply: momentum is ${momentum}, expected 0 to 1, or null`);
  }
  if (!training) {
    const y = batchNormEval(x, weight, bias, running_mean, running_var, { eps });
    return [activate(residual ? add(y, residual) : y, activation), state];
  }
  const count = num_batches_tracked + 1;
  const attrs = { eps, momentum: momentum ?? 1 / count };
  // There are fused ops for ReLU alone and for a residual with ReLU, but none for a residual alone.
  const shared = trainingNorm();
  const fusedAdd = residual && activation === 'relu' && !shared;
  const op = shared ?? (activation === 'relu' ? batchNormRelu : batchNormOp);
  const [y, mean, variance] = fusedAdd
    ? batchNormAddRelu(x, weight, bias, running_mean, running_var, residual, attrs)
    : op(x, weight, bias, running_mean, running_var, attrs);
  const next = { running_mean: mean, running_var: variance, num_batches_tracked: count };
  const sum = residual && !fusedAdd ? add(y, residual) : y;
  return [shared || activation === 'relu6' ? activate(sum, activation) : sum, next];
}

function activate(x: Tensor, activation: Activation): Tensor {
  if (activation === 'none') return x;
  return activation === 'relu' ? relu(x) : clamp(x, { min: 0, max: 6 });
}
