import { ShapeError } from '../errors.js';
import { leakyRelu } from '../kernels/elementwise/activation.js';
import { checkOptions, type Kinds } from '../tensor/options.js';
import type { Rng } from '../tensor/rng.js';
import { checkShape, formatShape } from '../tensor/shape.js';
import type { Device, Tensor } from '../tensor/tensor.js';
import type { WeightInit } from './init.js';
import * as linear from './linear.js';

/** Layers under PyTorch's names in `nn.Sequential(Linear, act, Linear, act, ...)`: `0`, `2`, `4`, ... */
export type MlpParams = Record<string, linear.LinearParams>;

/** Options of `mlp.init`: the numbers of features from the input to the output, and how the weights start. */
export interface MlpOptions {
  /** Widths from input to output, at least two. */
  readonly sizes: readonly number[];
  readonly weightInit?: WeightInit;
}

const OPTIONS: Kinds<MlpOptions> = { sizes: 'numbers', weightInit: 'function' };

/**
 * Parameters of a multilayer perceptron with biases.
 *
 * @throws ShapeError for fewer than two sizes, and for an option there is not
 */
export function init(rng: Rng, device: Device, options: MlpOptions): MlpParams {
  checkOptions('mlp.init', OPTIONS, options);
  const { sizes, weightInit } = options;
  checkShape('mlp.init', sizes);
  if (sizes.length < 2) throw new ShapeError(`mlp.init: sizes are ${formatShape(sizes)}, expected two or more`);
  const params: MlpParams = {};
  for (let i = 0; i + 1 < sizes.length; i++) {
    params[2 * i] = linear.init(rng, device, { inputs: sizes[i], outputs: sizes[i + 1], weightInit });
  }
  return params;
}

/** `x -> W_n a(... a(W_0 x + b_0) ...) + b_n`; the activation defaults to leaky ReLU with slope 0.01. */
export function apply(params: MlpParams, x: Tensor, activation: (x: Tensor) => Tensor = leakyRelu): Tensor {
  return Object.values(params).reduce((h, layer, i) => linear.apply(layer, i === 0 ? h : activation(h)), x);
}
