import type { OpCases } from '../../autograd/cases.js';
import type { Op } from '../../autograd/op.js';
import type { Tensor } from '../../tensor/tensor.js';
import { add, div, mul, neg, sub } from './arithmetic.js';
import { binaryCases, unaryCases } from './cases.js';
import { defineElementwise, defineUnary, type Unary } from './define.js';
import { exactErf } from './exactErf.js';

/** Magnitude, `y = |x|`; its derivative at 0 is 0. */
export const abs: Unary = /* @__PURE__ */ defineUnary({
  name: 'abs',
  value: Math.abs,
  wgsl: 'abs(x)',
  keep: 'x',
  pull: (g, x) => mul(g, sign(x)),
});

/** Sign, `y = -1, 0 or 1`; its derivative is 0 throughout. */
export const sign: Unary = /* @__PURE__ */ defineUnary({
  name: 'sign',
  value: Math.sign,
  wgsl: 'select(sign(x), x, isNan(x))',
  keep: 'nothing',
  pull: null,
});

/** Exponential, `y = e^x`. */
export const exp: Unary = /* @__PURE__ */ defineUnary({
  name: 'exp',
  value: Math.exp,
  wgsl: 'exponential(x)',
  keep: 'y',
  pull: (g, y) => mul(g, y),
});

/** Natural logarithm, `y = log x`: `-infinity` at 0 and NaN below. */
export const log: Unary = /* @__PURE__ */ defineUnary({
  name: 'log',
  value: Math.log,
  wgsl: 'ln(x)',
  keep: 'x',
  pull: (g, x) => div(g, x),
});

/** `y = log(1 + x)`, accurate near 0. */
export const log1p: Unary = /* @__PURE__ */ defineUnary({
  name: 'log1p',
  value: Math.log1p,
  wgsl: 'log1p(x)',
  keep: 'x',
  pull: (g, x) => div(g, add(x, 1)),
});

/** `y = e^x - 1`, accurate near 0. */
export const expm1: Unary = /* @__PURE__ */ defineUnary({
  name: 'expm1',
  value: Math.expm1,
  wgsl: 'expm1(x)',
  keep: 'y',
  pull: (g, y) => mul(g, add(y, 1)),
});

/** Square root, `y = sqrt(x)`; NaN below 0. */
export const sqrt: Unary = /* @__PURE__ */ defineUnary({
  name: 'sqrt',
  value: Math.sqrt,
  wgsl: 'sqrt(x)',
  keep: 'y',
  pull: (g, y) => div(mul(g, 0.5), y),
});

/** Reciprocal square root, `y = 1 / sqrt(x)`. */
export const rsqrt: Unary = /* @__PURE__ */ defineUnary({
  name: 'rsqrt',
  value: (x) => 1 / Math.sqrt(x),
  wgsl: 'inverseSqrt(x)',
  keep: 'y',
  pull: (g, y) => mul(mul(g, -0.5), mul(y, square(y))),
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
});

/** Sine of an angle in radians, `y = sin x`, within 2^-23 for `|x| <= 1e4`. */
export const sin: Unary = /* @__PURE__ */ defineUnary({
  name: 'sin',
  value: Math.sin,
  wgsl: 'sinAhead(x, 0)',
  keep: 'x',
  pull: (g, x) => mul(g, cos(x)),
});

/** Cosine of an angle in radians, `y = cos x`, within 2^-23 for `|x| <= 1e4`. */
export const cos: Unary = /* @__PURE__ */ defineUnary({
  name: 'cos',
  value: Math.cos,
  wgsl: 'sinAhead(x, 1)',
  keep: 'x',
  pull: (g, x) => neg(mul(g, sin(x))),
});

/** Hyperbolic tangent, `y = tanh x`. */
export const tanh: Unary = /* @__PURE__ */ defineUnary({
  name: 'tanh',
  value: Math.tanh,
  wgsl: 'tangh(x)',
  keep: 'y',
  pull: (g, y) => tanhGrad(g, y),
});

/** Logistic function, `y = 1 / (1 + e^-x)`, without overflow for large `|x|`. */
export const sigmoid: Unary = /* @__PURE__ */ defineUnary({
  name: 'sigmoid',
  value: (x) => 1 / (1 + Math.exp(-x)),
  wgsl: 'sigmoid(x)',
  keep: 'y',
  pull: (g, y) => sigmoidGrad(g, y),
});

/** `y = log(1 + e^x)`, as `max(x, 0) + log1p(e^-|x|)` so that nothing overflows. */
export const softplus: Unary = /* @__PURE__ */ defineUnary({
  name: 'softplus',
  value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  wgsl: 'softplus(x)',
  keep: 'x',
  pull: (g, x) => mul(g, sigmoid(x)),
});

/** Error function, `y = 2 / sqrt(pi) * integral of e^(-t^2) from 0 to x`. */
export const erf: Unary = /* @__PURE__ */ defineUnary({
  name: 'erf',
  value: exactErf,
  wgsl: 'erf(x)',
  keep: 'x',
  pull: (g, x) => mul(mul(g, 2 / Math.sqrt(Math.PI)), exp(neg(square(x)))),
});

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

export const absCases = (): OpCases => unaryCases(abs, { avoid: [0] });
export const cosCases = (): OpCases => unaryCases(cos, { lo: -7, hi: 7 });
export const erfCases = (): OpCases => unaryCases(erf, { lo: -3, hi: 3 });
export const expCases = (): OpCases => unaryCases(exp, { lo: -4, hi: 4 });
export const expm1Cases = (): OpCases => unaryCases(expm1, { lo: -2, hi: 2 });
export const logCases = (): OpCases => unaryCases(log, { lo: 0.1, hi: 3 });
export const log1pCases = (): OpCases => unaryCases(log1p, { lo: -0.8, hi: 3 });
export const reciprocalCases = (): OpCases =>
  unaryCases(reciprocal, {
    lo: -2,
    hi: 2,
    avoid: [-0.1, 0, 0.1],
  });
export const rsqrtCases = (): OpCases => unaryCases(rsqrt, { lo: 0.1, hi: 3 });
export const sigmoidCases = (): OpCases => unaryCases(sigmoid, { lo: -6, hi: 6 });
export const signCases = (): OpCases => unaryCases(sign, { avoid: [0] });
export const sinCases = (): OpCases => unaryCases(sin, { lo: -7, hi: 7 });
export const softplusCases = (): OpCases => unaryCases(softplus, { lo: -6, hi: 6 });
export const sqrtCases = (): OpCases => unaryCases(sqrt, { lo: 0.1, hi: 3 });
export const squareCases = (): OpCases => unaryCases(square);
export const tanhCases = (): OpCases => unaryCases(tanh, { lo: -3, hi: 3 });
export const sigmoidGradCases = (): OpCases => binaryCases(sigmoidGrad, {}, { lo: 0, hi: 1 });
export const tanhGradCases = (): OpCases => binaryCases(tanhGrad);
