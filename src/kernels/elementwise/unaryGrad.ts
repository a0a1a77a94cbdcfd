import type { OpCases } from '../../autograd/cases.js';
import type { Op } from '../../autograd/op.js';
import type { Tensor } from '../../tensor/tensor.js';
import { mul, sub } from './arithmetic.js';
import { binaryCases } from './cases.js';
import { defineElementwise } from './define.js';

/**
 * The derivatives of the functions that flows and heads run most, one dispatch instead of three. Each is linear in the
 * cotangent `g`, so that its own gradient for `g` is the op again.
 */
type Gradient = Op<[g: Tensor, y: Tensor], object>;

/** Gradient of `tanh` from its result, `g (1 - y^2)`. */
export const tanhGrad: Gradient = /* @__PURE__ */ defineElementwise<[g: Tensor, y: Tensor]>({
  name: 'tanhGrad',
  operands: ['g', 'y'],
  value: (g, y) => g * (1 - y * y),
  wgsl: 'g * ((1.0 - y) * (1.0 + y))',
  vjp: (h, { inputs: [g, y] }) => [() => tanhGrad(h, y), () => mul(mul(h, g), mul(y, -2))],
});

/** Gradient of `sigmoid` from its result, `g y (1 - y)`. */
export const sigmoidGrad: Gradient = /* @__PURE__ */ defineElementwise<[g: Tensor, y: Tensor]>({
  name: 'sigmoidGrad',
  operands: ['g', 'y'],
  value: (g, y) => g * y * (1 - y),
  wgsl: 'g * (y * (1.0 - y))',
  vjp: (h, { inputs: [g, y] }) => [() => sigmoidGrad(h, y), () => mul(mul(h, g), sub(1, mul(y, 2)))],
});

export const sigmoidGradCases = (): OpCases => binaryCases(sigmoidGrad, {}, { lo: 0, hi: 1 });
export const tanhGradCases = (): OpCases => binaryCases(tanhGrad);
