import type { Op } from '../autograd/op.js';
import type { Tensor } from '../tensor/tensor.js';
import { add, div, mul, sub } from './binary.js';
import { defineElementwise } from './elementwise.js';
import { erf as erfValue } from './erf.js';
import { leakyReluGrad, reluGrad, sigmoidGrad, tanhGrad } from './unaryGrad.js';

type Unary = Op<[x: Tensor], object>;

interface UnaryRow<A extends object> {
  readonly name: string;
  readonly value: (x: number, attrs: A) => number;
  readonly wgsl: string;
  readonly attrs?: A;
  readonly uniforms?: readonly (keyof A & string)[];
  /** What the tape keeps for `pull`: operand, result or neither. */
  readonly keep: 'x' | 'y' | 'nothing';
  /** Gradient of `x` from the cotangent and what was kept; null where the derivative is 0. */
  readonly pull: ((g: Tensor, kept: Tensor, attrs: A) => Tensor) | null;
}

function unary<A extends object = object>({ keep, pull, ...row }: UnaryRow<NoInfer<A>>): Op<[x: Tensor], A> {
  return defineElementwise<[x: Tensor], A>({
    ...row,
    operands: ['x'],
    vjp: pull && ((g, { inputs: [x], outputs: [y], attrs }) => [() => pull(g, keep === 'y' ? y : x, attrs)]),
    keep: { inputs: keep === 'x' ? [0] : [], outputs: keep === 'y' ? [0] : [] },
  });
}

/** Negation, `y = -x`. */
export const neg: Unary = /* @__PURE__ */ unary({
  name: 'neg',
  value: (x) => -x,
  wgsl: '-x',
  keep: 'nothing',
  pull: (g) => neg(g),
});

/** Magnitude, `y = |x|`; its derivative at 0 is 0. */
export const abs: Unary = /* @__PURE__ */ unary({
  name: 'abs',
  value: Math.abs,
  wgsl: 'abs(x)',
  keep: 'x',
  pull: (g, x) => mul(g, sign(x)),
});

/** Sign, `y = -1, 0 or 1`; its derivative is 0 throughout. */
export const sign: Unary = /* @__PURE__ */ unary({
  name: 'sign',
  value: Math.sign,
  wgsl: 'select(sign(x), x, isNan(x))',
  keep: 'nothing',
  pull: null,
});

/** Exponential, `y = e^x`. */
export const exp: Unary = /* @__PURE__ */ unary({
  name: 'exp',
  value: Math.exp,
  wgsl: 'exp(x)',
  keep: 'y',
  pull: (g, y) => mul(g, y),
});

/** Natural logarithm, `y = log x`: `-infinity` at 0 and NaN below. */
export const log: Unary = /* @__PURE__ */ unary({
  name: 'log',
  value: Math.log,
  wgsl: 'ln(x)',
  keep: 'x',
  pull: (g, x) => div(g, x),
});

/** `y = log(1 + x)`, accurate near 0. */
export const log1p: Unary = /* @__PURE__ */ unary({
  name: 'log1p',
  value: Math.log1p,
  wgsl: 'log1p(x)',
  keep: 'x',
  pull: (g, x) => div(g, add(x, 1)),
});

/** `y = e^x - 1`, accurate near 0. */
export const expm1: Unary = /* @__PURE__ */ unary({
  name: 'expm1',
  value: Math.expm1,
  wgsl: 'expm1(x)',
  keep: 'y',
  pull: (g, y) => mul(g, add(y, 1)),
});

/** Square root, `y = sqrt(x)`; NaN below 0. */
export const sqrt: Unary = /* @__PURE__ */ unary({
  name: 'sqrt',
  value: Math.sqrt,
  wgsl: 'sqrt(x)',
  keep: 'y',
  pull: (g, y) => div(mul(g, 0.5), y),
});

/** Reciprocal square root, `y = 1 / sqrt(x)`. */
export const rsqrt: Unary = /* @__PURE__ */ unary({
  name: 'rsqrt',
  value: (x) => 1 / Math.sqrt(x),
  wgsl: 'inverseSqrt(x)',
  keep: 'y',
  pull: (g, y) => mul(mul(g, -0.5), mul(y, square(y))),
});

/** Square, `y = x^2`. */
export const square: Unary = /* @__PURE__ */ unary({
  name: 'square',
  value: (x) => x * x,
  wgsl: 'x * x',
  keep: 'x',
  pull: (g, x) => mul(mul(g, 2), x),
});

/** Reciprocal, `y = 1 / x`. */
export const reciprocal: Unary = /* @__PURE__ */ unary({
  name: 'reciprocal',
  value: (x) => 1 / x,
  wgsl: '1.0 / x',
  keep: 'y',
  pull: (g, y) => neg(mul(g, square(y))),
});

/** Sine of an angle in radians, `y = sin x`, to a few ulp for `|x| < 1e4`. */
export const sin: Unary = /* @__PURE__ */ unary({
  name: 'sin',
  value: Math.sin,
  wgsl: 'sinAhead(x, 0)',
  keep: 'x',
  pull: (g, x) => mul(g, cos(x)),
});

/** Cosine of an angle in radians, `y = cos x`, to a few ulp for `|x| < 1e4`. */
export const cos: Unary = /* @__PURE__ */ unary({
  name: 'cos',
  value: Math.cos,
  wgsl: 'sinAhead(x, 1)',
  keep: 'x',
  pull: (g, x) => neg(mul(g, sin(x))),
});

/** Hyperbolic tangent, `y = tanh x`. */
export const tanh: Unary = /* @__PURE__ */ unary({
  name: 'tanh',
  value: Math.tanh,
  wgsl: 'tangh(x)',
  keep: 'y',
  pull: (g, y) => tanhGrad(g, y),
});

/** Logistic function, `y = 1 / (1 + e^-x)`, without overflow for large `|x|`. */
export const sigmoid: Unary = /* @__PURE__ */ unary({
  name: 'sigmoid',
  value: (x) => 1 / (1 + Math.exp(-x)),
  wgsl: 'sigmoid(x)',
  keep: 'y',
  pull: (g, y) => sigmoidGrad(g, y),
});

/** `y = log(1 + e^x)`, as `max(x, 0) + log1p(e^-|x|)` so that nothing overflows. */
export const softplus: Unary = /* @__PURE__ */ unary({
  name: 'softplus',
  value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  wgsl: 'softplus(x)',
  keep: 'x',
  pull: (g, x) => mul(g, sigmoid(x)),
});

/** Rectifier, `y = max(x, 0)`; lets NaN through; its derivative at 0 is 0. */
export const relu: Unary = /* @__PURE__ */ unary({
  name: 'relu',
  value: (x) => Math.max(x, 0),
  wgsl: 'select(x, 0.0, x <= 0.0)',
  keep: 'y',
  pull: (g, y) => reluGrad(g, y),
});

/** Leaky rectifier, `y = x where x > 0, else slope x`; its derivative at 0 is `slope` (default 0.01). */
export const leakyRelu: Op<[x: Tensor], { slope: number }> = /* @__PURE__ */ unary({
  name: 'leakyRelu',
  value: (x, { slope }) => (x > 0 ? x : slope * x),
  wgsl: 'select(p.slope * x, x, x > 0.0)',
  attrs: { slope: 0.01 },
  uniforms: ['slope'],
  keep: 'x',
  pull: (g, x, attrs) => leakyReluGrad(g, x, attrs),
});

/** Gaussian error linear unit, `y = x Phi(x)` with the exact `Phi(x) = (1 + erf(x / sqrt 2)) / 2`. */
export const gelu: Unary = /* @__PURE__ */ unary({
  name: 'gelu',
  value: (x) => (x / 2) * (1 + erfValue(x * Math.SQRT1_2)),
  wgsl: `0.5 * x * (1.0 + erf(x * ${Math.SQRT1_2}))`,
  keep: 'x',
  pull(g, x) {
    const probability = mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
    const density = mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return mul(g, add(probability, mul(x, density)));
  },
});

/** Sigmoid linear unit, `y = x sigmoid(x)`. */
export const silu: Unary = /* @__PURE__ */ unary({
  name: 'silu',
  value: (x) => x / (1 + Math.exp(-x)),
  wgsl: 'x * sigmoid(x)',
  keep: 'x',
  pull(g, x) {
    const s = sigmoid(x);
    return mul(g, mul(s, add(1, mul(x, sub(1, s)))));
  },
});

/** Error function, `y = 2 / sqrt(pi) * integral of e^(-t^2) from 0 to x`. */
export const erf: Unary = /* @__PURE__ */ unary({
  name: 'erf',
  value: erfValue,
  wgsl: 'erf(x)',
  keep: 'x',
  pull: (g, x) => mul(mul(g, 2 / Math.sqrt(Math.PI)), exp(neg(square(x)))),
});
