import type { Op } from '../../autograd/op.js';
import type { Tensor } from '../../tensor/tensor.js';
import { exactErf } from '../exactErf.js';
import { add, div, mul, neg, sub } from './arithmetic.js';
import { defineElementwise, defineUnary, type Unary } from './define.js';

/** Magnitude, `y = |x|`; its derivative at 0 is 0. */
export const abs: Unary = /* @__PURE__ */ defineUnary({
  name: 'abs',
  value: Math.abs,
  wgsl: 'abs(x)',
  keep: 'x',
  pull: (g, x) => mul(g, sign(x)),
  range: { avoid: [0] },
});

/** Sign, `y = -1, 0 or 1`; its derivative is 0 throughout. */
export const sign: Unary = /* @__PURE__ */ defineUnary({
  name: 'sign',
  value: Math.sign,
  wgsl: 'select(sign(x), x, isNan(x))',
  keep: 'nothing',
  pull: null,
  range: { avoid: [0] },
});

/** Exponential, `y = e^x`. */
export const exp: Unary = /* @__PURE__ */ defineUnary({
  name: 'exp',
  value: Math.exp,
  wgsl: 'exponential(x)',
  keep: 'y',
  pull: (g, y) => mul(g, y),
  range: { lo: -4, hi: 4 },
});

/** Natural logarithm, `y = log x`: `-infinity` at 0 and NaN below. */
export const log: Unary = /* @__PURE__ */ defineUnary({
  name: 'log',
  value: Math.log,
  wgsl: 'ln(x)',
  keep: 'x',
  pull: (g, x) => div(g, x),
  range: { lo: 0.1, hi: 3 },
});

/** `y = log(1 + x)`, accurate near 0. */
export const log1p: Unary = /* @__PURE__ */ defineUnary({
  name: 'log1p',
  value: Math.log1p,
  wgsl: 'log1p(x)',
  keep: 'x',
  pull: (g, x) => div(g, add(x, 1)),
  range: { lo: -0.8, hi: 3 },
});

/** `y = e^x - 1`, accurate near 0. */
export const expm1: Unary = /* @__PURE__ */ defineUnary({
  name: 'expm1',
  value: Math.expm1,
  wgsl: 'expm1(x)',
  keep: 'y',
  pull: (g, y) => mul(g, add(y, 1)),
  range: { lo: -2, hi: 2 },
});

/** Square root, `y = sqrt(x)`; NaN below 0. */
export const sqrt: Unary = /* @__PURE__ */ defineUnary({
  name: 'sqrt',
  value: Math.sqrt,
  wgsl: 'sqrt(x)',
  keep: 'y',
  pull: (g, y) => div(mul(g, 0.5), y),
  range: { lo: 0.1, hi: 3 },
});

/** Reciprocal square root, `y = 1 / sqrt(x)`. */
export const rsqrt: Unary = /* @__PURE__ */ defineUnary({
  name: 'rsqrt',
  value: (x) => 1 / Math.sqrt(x),
  wgsl: 'inverseSqrt(x)',
  keep: 'y',
  pull: (g, y) => mul(mul(g, -0.5), mul(y, square(y))),
  range: { lo: 0.1, hi: 3 },
});

/** Square, `y = x^2`. */
export const square: Unary = /* @__PURE__ */ defineUnary({
  name: 'square',
  value: (x) => x * x,
  wgsl: 'x * x',
  keep: 'x',
  pull: (g, x) => mul(mul(g, 2), x),
});

/** Reciprocal, `y = 1 / x`. */
export const reciprocal: Unary = /* @__PURE__ */ defineUnary({
  name: 'reciprocal',
  value: (x) => 1 / x,
  wgsl: '1.0 / x',
  keep: 'y',
  pull: (g, y) => neg(mul(g, square(y))),
  range: { lo: -2, hi: 2, avoid: [-0.1, 0, 0.1] },
});

/** Sine of an angle in radians, `y = sin x`, within 2^-23 for `|x| <= 1e4`. */
export const sin: Unary = /* @__PURE__ */ defineUnary({
  name: 'sin',
  value: Math.sin,
  wgsl: 'sinAhead(x, 0)',
  keep: 'x',
  pull: (g, x) => mul(g, cos(x)),
  range: { lo: -7, hi: 7 },
});

/** Cosine of an angle in radians, `y = cos x`, within 2^-23 for `|x| <= 1e4`. */
export const cos: Unary = /* @__PURE__ */ defineUnary({
  name: 'cos',
  value: Math.cos,
  wgsl: 'sinAhead(x, 1)',
  keep: 'x',
  pull: (g, x) => neg(mul(g, sin(x))),
  range: { lo: -7, hi: 7 },
});

/** Hyperbolic tangent, `y = tanh x`. */
export const tanh: Unary = /* @__PURE__ */ defineUnary({
  name: 'tanh',
  value: Math.tanh,
  wgsl: 'tangh(x)',
  keep: 'y',
  pull: (g, y) => tanhGrad(g, y),
  range: { lo: -3, hi: 3 },
});

/** Logistic function, `y = 1 / (1 + e^-x)`, without overflow for large `|x|`. */
export const sigmoid: Unary = /* @__PURE__ */ defineUnary({
  name: 'sigmoid',
  value: (x) => 1 / (1 + Math.exp(-x)),
  wgsl: 'sigmoid(x)',
  keep: 'y',
  pull: (g, y) => sigmoidGrad(g, y),
  range: { lo: -6, hi: 6 },
});

/** `y = log(1 + e^x)`, as `max(x, 0) + log1p(e^-|x|)` so that nothing overflows. */
export const softplus: Unary = /* @__PURE__ */ defineUnary({
  name: 'softplus',
  value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  wgsl: 'softplus(x)',
  keep: 'x',
  pull: (g, x) => mul(g, sigmoid(x)),
  range: { lo: -6, hi: 6 },
});

/** Error function, `y = 2 / sqrt(pi) * integral of e^(-t^2) from 0 to x`. */
export const erf: Unary = /* @__PURE__ */ defineUnary({
  name: 'erf',
  value: exactErf,
  wgsl: 'erf(x)',
  keep: 'x',
  pull: (g, x) => mul(mul(g, 2 / Math.sqrt(Math.PI)), exp(neg(square(x)))),
  range: { lo: -3, hi: 3 },
});

/**
 * The derivatives of the functions that flows and heads run most, one dispatch instead of three. Each is linear in the
 * cotangent `g`, so that its own gradient for `g` is the op again.
 */
type Gradient = Op<[g: Tensor, y: Tensor], object>;

/** @internal Gradient of `tanh` from its result, `g (1 - y^2)`. */
export const tanhGrad: Gradient = /* @__PURE__ */ defineElementwise<[g: Tensor, y: Tensor]>({
  name: 'tanhGrad',
  operands: ['g', 'y'],
  value: (g, y) => g * (1 - y * y),
  wgsl: 'g * ((1.0 - y) * (1.0 + y))',
  vjp: (h, { inputs: [g, y] }) => [() => tanhGrad(h, y), () => mul(mul(h, g), mul(y, -2))],
});

/** @internal Gradient of `sigmoid` from its result, `g y (1 - y)`. */
export const sigmoidGrad: Gradient = /* @__PURE__ */ defineElementwise<[g: Tensor, y: Tensor]>({
  name: 'sigmoidGrad',
  operands: ['g', 'y'],
  value: (g, y) => g * y * (1 - y),
  wgsl: 'g * (y * (1.0 - y))',
  vjp: (h, { inputs: [g, y] }) => [() => sigmoidGrad(h, y), () => mul(mul(h, g), sub(1, mul(y, 2)))],
  ranges: [{}, { lo: 0, hi: 1 }],
});
