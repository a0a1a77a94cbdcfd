import { checkOptions, type Kinds } from '../tensor/options.js';
import type { Rng } from '../tensor/rng.js';
import type { Shape } from '../tensor/shape.js';
import type { Device, Tensor } from '../tensor/tensor.js';
import { fans, torchUniform, type WeightInit } from './init.js';

/** What every layer of a weight and a bias may be told; `inputs` and `outputs` count features or channels. */
export interface LayerOptions {
  readonly inputs: number;
  readonly outputs: number;
  /** Default true. */
  readonly bias?: boolean;
  /** Of the weight; biases are PyTorch's U(-1/sqrt(fanIn), 1/sqrt(fanIn)). */
  readonly weightInit?: WeightInit;
}

const LAYER: Kinds<LayerOptions> = { inputs: 'number', outputs: 'number', bias: 'boolean', weightInit: 'function' };

/** The same for a convolution. */
export interface ConvOptions<K> extends LayerOptions {
  readonly kernel: K;
  readonly groups?: number;
}

const CONV: Kinds<ConvOptions<unknown>> = { ...LAYER, kernel: ['number', 'numbers'], groups: 'number' };

/**
 * @internal Draws the weight and then the bias of a layer, by default as PyTorch draws them.
 *
 * @param shapeOf the weight's, from the options once they are checked
 * @throws ShapeError for an option there is not
 */
export function drawLayer<O extends LayerOptions>(
  by: string,
  rng: Rng,
  device: Device,
  options: O,
  shapeOf: (options: O) => Shape,
): { weight: Tensor; bias?: Tensor } {
  checkOptions(`${by}.init`, by === 'linear' ? LAYER : CONV, options);
  const { outputs, bias = true, weightInit = torchUniform } = options;
  const shape = shapeOf(options);
  const weight = weightInit(rng, device, shape);
  return bias ? { weight, bias: torchUniform(rng, device, [outputs], fans(shape).fanIn) } : { weight };
}
