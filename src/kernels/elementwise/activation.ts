import type { Op } from '../../autograd/op.js';
import type { Tensor } from '../../tensor/tensor.js';
import { exactErf } from '../exactErf.js';
import { add, mul, sub } from './arithmetic.js';
import { defineElementwise, defineUnary, type Unary } from './define.js';
import { erf, exp, sigmoid, square } from './unary.js';

/** Attributes of `leakyRelu`: y = x where x > 0, slope * x elsewhere. */
export interface LeakyReluAttrs {
  readonly slope: number;
}

/** Rectifier, `y = max(x, 0)`; lets NaN through; its derivative at 0 is 0. */
export const relu: Unary = /* @__PURE__ */ defineUnary({
  name: 'relu',
  value: (x) => Math.max(x, 0),
  wgsl: 'select(x, 0.0, x <= 0.0)',
  keep: 'y',
  pull: (g, y) => reluGrad(g, y),
  range: { avoid: [0] },
});

/** Leaky rectifier, `y = x where x > 0, else slope x`; its derivative at 0 is `slope` (default 0.01). */
export const leakyRelu: Op<[x: Tensor], LeakyReluAttrs> = /* @__PURE__ */ defineUnary({
  name: 'leakyRelu',
  value: (x, { slope }) => (x > 0 ? x : slope * x),
  wgsl: 'select(p.slope * x, x, x > 0.0)',
  attrs: { slope: 0.01 },
  uniforms: ['slope'],
  keep: 'x',
  pull: (g, x, attrs) => leakyReluGrad(g, x, attrs),
  range: { avoid: [0] },
  sampleAttrs: { slope: 0.2 },
});

/** Gaussian error linear unit, `y = x Phi(x)` with the exact `Phi(x) = (1 + erf(x / sqrt 2)) / 2`. */
export const gelu: Unary = /* @__PURE__ */ defineUnary({
  name: 'gelu',
  value: (x) => (x / 2) * (1 + exactErf(x * Math.SQRT1_2)),
  wgsl: '0.5 * x * (1.0 + erf(x * 0.7071067811865476))',
  keep: 'x',
  pull(g, x) {
    const probability = mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
    const density = mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return mul(g, add(probability, mul(x, density)));
  },
  range: { lo: -4, hi: 4 },
});

/** Sigmoid linear unit, `y = x sigmoid(x)`. */
export const silu: Unary = /* @__PURE__ */ defineUnary({
  name: 'silu',
  value: (x) => x / (1 + Math.exp(-x)),
  wgsl: 'x * sigmoid(x)',
  keep: 'x',
  pull(g, x) {
    const s = sigmoid(x);
    return mul(g, mul(s, add(1, mul(x, sub(1, s)))));
  },
  range: { lo: -6, hi: 6 },
});

/** @internal Gradient of `relu` from its result, `g where y > 0, else 0`. */
export const reluGrad: Op<[g: Tensor, y: Tensor], object> = /* @__PURE__ */ defineElementwise<[g: Tensor, y: Tensor]>({
  name: 'reluGrad',
  operands: ['g', 'y'],
  value: (g, y) => (y > 0 ? g : 0),
  wgsl: 'select(0.0, g, y > 0.0)',
  vjp: (h, { inputs: [, y] }) => [() => reluGrad(h, y), null],
  keep: { inputs: [1] },
  ranges: [{}, { avoid: [0] }],
});

/** @internal Gradient of `leakyRelu` from its operand, `g where x > 0, else slope g`. */
export const leakyReluGrad: Op<[g: Tensor, x: Tensor], LeakyReluAttrs> = /* @__PURE__ */ defineElementwise<
  [g: Tensor, x: Tensor],
  LeakyReluAttrs
>({
  name: 'leakyReluGrad',
  operands: ['g', 'x'],
  value: (g, x, { slope }) => (x > 0 ? g : slope * g),
  wgsl: 'select(p.slope * g, g, x > 0.0)',
  attrs: { slope: 0.01 },
  uniforms: ['slope'],
  vjp: (h, { inputs: [, x], attrs }) => [() => leakyReluGrad(h, x, attrs), null],
  keep: { inputs: [1] },
  ranges: [{}, { avoid: [0] }],
  sampleAttrs: { slope: 0.2 },
});
