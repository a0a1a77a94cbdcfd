import type { Op } from '../autograd/op.js';
import type { Tensor } from '../tensor/tensor.js';
import { mul, sub } from './binary.js';
import { defineElementwise } from './elementwise.js';

/**
 * The derivatives of the activations that every layer runs, one dispatch instead of three. Each is linear in the cotangent
 * `g`, so that its own gradient for `g` is the op again.
 */
type Gradient<A extends object = object> = Op<[g: Tensor, y: Tensor], A>;

/** Gradient of `relu` from its result, `g where y > 0, else 0`. */
export const reluGrad: Gradient = /* @__PURE__ */ defineElementwise<[g: Tensor, y: Tensor]>({
  name: 'reluGrad',
  operands: ['g', 'y'],
  value: (g, y) => (y > 0 ? g : 0),
  wgsl: 'select(0.0, g, y > 0.0)',
  vjp: (h, { inputs: [, y] }) => [() => reluGrad(h, y), null],
  keep: { inputs: [1] },
});

/** Gradient of `leakyRelu` from its operand, `g where x > 0, else slope g`. */
export const leakyReluGrad: Gradient<{ slope: number }> = /* @__PURE__ */ defineElementwise<
  [g: Tensor, x: Tensor],
  { slope: number }
>({
  name: 'leakyReluGrad',
  operands: ['g', 'x'],
  value: (g, x, { slope }) => (x > 0 ? g : slope * g),
  wgsl: 'select(p.slope * g, g, x > 0.0)',
  attrs: { slope: 0.01 },
  uniforms: ['slope'],
  vjp: (h, { inputs: [, x], attrs }) => [() => leakyReluGrad(h, x, attrs), null],
  keep: { inputs: [1] },
});

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
