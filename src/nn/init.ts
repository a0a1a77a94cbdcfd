import { ShapeError } from '../errors.js';
import type { Rng } from '../tensor/rng.js';
import { checkShape, formatShape, type Shape, sizeOf } from '../tensor/shape.js';
import type { Device, Tensor } from '../tensor/tensor.js';

/**
 * Numbers of inputs and outputs that meet in one weight: a linear weight is [out, in], a filter [R, S, C/groups, K] or, along
 * one axis, [S, C/groups, K].
 * @throws ShapeError for other ranks
 */
export function fans(shape: Shape): { readonly fanIn: number; readonly fanOut: number } {
  if (shape.length === 2) return { fanIn: shape[1], fanOut: shape[0] };
  if (shape.length === 3 || shape.length === 4) {
    const [inputs, outputs] = shape.slice(-2);
    const field = sizeOf(shape.slice(0, -2));
    return { fanIn: field * inputs, fanOut: field * outputs };
  }
  throw new ShapeError(
    `fans: wants a weight [out, in] or a filter [R, S, C, K] or [S, C, K], got ${formatShape(shape)}`,
  );
}

/**
 * Values from U(-bound, bound).
 * @throws ShapeError if the bound is no finite number
 */
export function uniform(rng: Rng, device: Device, shape: Shape, bound: number): Tensor {
  checkSpread(bound);
  return filled(device, shape, () => (2 * rng.uniform() - 1) * bound);
}

/**
 * Values from N(0, std^2).
 * @throws ShapeError if the deviation is no finite number
 */
export function normal(rng: Rng, device: Device, shape: Shape, std: number): Tensor {
  checkSpread(std);
  return filled(device, shape, () => rng.normal() * std);
}

/** A bound, a deviation, a gain or a fan that is misspelt would fill the weights with NaN. */
function checkSpread(spread: number): void {
  if (Number.isFinite(spread)) return;
  throw new ShapeError(`init: the spread is ${spread}, expected a finite number`);
}

/** The same value everywhere. */
export function constant(device: Device, shape: Shape, value: number): Tensor {
  return filled(device, shape, () => value);
}

function filled(device: Device, shape: Shape, next: () => number): Tensor {
  checkShape('init', shape);
  return device.tensor(Float32Array.from({ length: sizeOf(shape) }, next), shape);
}

/** Glorot and Bengio (2010): U(-b, b), `b = gain sqrt(6 / (fanIn + fanOut))`. */
export function xavierUniform(rng: Rng, device: Device, shape: Shape, gain = 1): Tensor {
  const { fanIn, fanOut } = fans(shape);
  return uniform(rng, device, shape, gain * Math.sqrt(6 / (fanIn + fanOut)));
}

/** Glorot and Bengio (2010): N(0, s^2), `s = gain sqrt(2 / (fanIn + fanOut))`. */
export function xavierNormal(rng: Rng, device: Device, shape: Shape, gain = 1): Tensor {
  const { fanIn, fanOut } = fans(shape);
  return normal(rng, device, shape, gain * Math.sqrt(2 / (fanIn + fanOut)));
}

/** Which of `fans` sets the scale of `kaimingUniform` and `kaimingNormal`. */
export type Fan = 'fanIn' | 'fanOut';

/** He et al. (2015): U(-b, b), `b = gain sqrt(3 / fan)`; the default gain sqrt(2) is that of ReLU. */
export function kaimingUniform(
  rng: Rng,
  device: Device,
  shape: Shape,
  { gain = Math.SQRT2, fan = 'fanIn' }: { readonly gain?: number; readonly fan?: Fan } = {},
): Tensor {
  return uniform(rng, device, shape, gain * Math.sqrt(3 / fans(shape)[fan]));
}

/** He et al. (2015): N(0, s^2), `s = gain / sqrt(fan)`; the default gain sqrt(2) is that of ReLU. */
export function kaimingNormal(
  rng: Rng,
  device: Device,
  shape: Shape,
  { gain = Math.SQRT2, fan = 'fanIn' }: { readonly gain?: number; readonly fan?: Fan } = {},
): Tensor {
  return normal(rng, device, shape, gain / Math.sqrt(fans(shape)[fan]));
}

/** PyTorch's default for linear and convolution weights and their biases: U(-b, b), `b = 1 / sqrt(fanIn)`. */
export function torchUniform(rng: Rng, device: Device, shape: Shape, fanIn = fans(shape).fanIn): Tensor {
  return uniform(rng, device, shape, 1 / Math.sqrt(fanIn));
}

/** How a layer draws its weight; `(rng, device, shape) => tensor`. */
export type WeightInit = (rng: Rng, device: Device, shape: Shape) => Tensor;
