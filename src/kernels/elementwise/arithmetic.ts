import type { OpCases } from '../../autograd/cases.js';
import type { Op, OpDefinition, Operand } from '../../autograd/op.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Range } from './cases.js';
import { defineElementwise, defineUnary, type Unary } from './define.js';

/** Clear of 0, where quotients and angles have their poles. */
export const CLEAR = { lo: -2, hi: 2, avoid: [-0.1, 0, 0.1] };
/** Above and below `TINY`, never as near as a step of gradcheck. */
const AROUND = { avoid: [0] };
const TINY = { lo: -0.04, hi: 0.04 };

export type Binary = Op<[a: Operand, b: Operand], object>;

interface BinaryDefinition {
  readonly name: string;
  readonly value: (a: number, b: number) => number;
  readonly wgsl: string;
  readonly keep?: OpDefinition<object, Tensor>['keep'];
  readonly pull: (g: Tensor, a: Tensor, b: Tensor, y: Tensor) => readonly [da: () => Tensor, db: () => Tensor];
  /** Where the values of its samples lie. Default: [-1, 1). */
  readonly ranges?: readonly [a: Range, b: Range];
}

/** Declares an op of two operands by its gradients for both. */
export function binary({ pull, ...rest }: BinaryDefinition): Binary {
  return defineElementwise<[a: Operand, b: Operand]>({
    ...rest,
    operands: ['a', 'b'],
    vjp: (g, { inputs: [a, b], outputs: [y] }) => pull(g, a, b, y),
  });
}

/** Negation, `y = -x`. */
export const neg: Unary = /* @__PURE__ */ defineUnary({
  name: 'neg',
  value: (x) => -x,
  wgsl: '-x',
  keep: 'nothing',
  pull: (g) => neg(g),
});

/** Sum with broadcasting, `y = a + b`. */
export const add: Binary = /* @__PURE__ */ binary({
  name: 'add',
  value: (a, b) => a + b,
  wgsl: 'a + b',
  keep: { inputs: [] },
  pull: (g) => [() => g, () => g],
});

/** Difference with broadcasting, `y = a - b`. */
export const sub: Binary = /* @__PURE__ */ binary({
  name: 'sub',
  value: (a, b) => a - b,
  wgsl: 'a - b',
  keep: { inputs: [] },
  pull: (g) => [() => g, () => neg(g)],
});

/** Elementwise product with broadcasting, `y = a b`. */
export const mul: Binary = /* @__PURE__ */ binary({
  name: 'mul',
  value: (a, b) => a * b,
  wgsl: 'a * b',
  pull: (g, a, b) => [() => mul(g, b), () => mul(g, a)],
});

/** Quotient with broadcasting, `y = a / b`; `x / 0` is infinite and `0 / 0` NaN, as in IEEE 754. */
export const div: Binary = /* @__PURE__ */ binary({
  name: 'div',
  value: (a, b) => a / b,
  wgsl: 'a / b',
  keep: { inputs: [1], outputs: [0] },
  pull: (g, _a, b, y) => [() => div(g, b), () => neg(mul(div(g, b), y))],
  ranges: [{}, CLEAR],
});

/** The larger of two with broadcasting, `y = max(a, b)`; NaN if either is; equal operands share the gradient in half. */
export const maximum: Binary = /* @__PURE__ */ binary({
  name: 'maximum',
  value: (a, b) => Math.max(a, b),
  wgsl: 'maximum(a, b)',
  pull: (g, a, b) => [() => shareOfLarger(g, a, b), () => shareOfLarger(g, b, a)],
  ranges: [AROUND, TINY],
});

/** The smaller of two with broadcasting, `y = min(a, b)`; NaN if either is; equal operands share the gradient in half. */
export const minimum: Binary = /* @__PURE__ */ binary({
  name: 'minimum',
  value: (a, b) => Math.min(a, b),
  wgsl: 'minimum(a, b)',
  pull: (g, a, b) => [() => shareOfLarger(g, b, a), () => shareOfLarger(g, a, b)],
  ranges: [AROUND, TINY],
});

/** Angle of the point `(x, y)` in radians within `[-pi, pi]`, `atan2(y, x)`, with broadcasting. */
export const atan2: Op<[y: Operand, x: Operand], object> = /* @__PURE__ */ binary({
  name: 'atan2',
  value: (a, b) => Math.atan2(a, b),
  wgsl: 'arctangent(a, b)',
  pull(g, y, x) {
    const overSquare = () => div(g, add(mul(x, x), mul(y, y)));
    return [() => mul(overSquare(), x), () => neg(mul(overSquare(), y))];
  },
  ranges: [CLEAR, CLEAR],
});

/** @internal What `a` gets of the cotangent of `maximum(a, b)`: `g` where `a > b`, `g / 2` where they are equal, else 0. */
export const shareOfLarger: Op<[g: Tensor, a: Tensor, b: Tensor], object> = /* @__PURE__ */ defineElementwise<
  [g: Tensor, a: Tensor, b: Tensor]
>({
  name: 'shareOfLarger',
  operands: ['g', 'a', 'b'],
  value: (g, a, b) => (a > b ? g : a === b ? g / 2 : 0),
  wgsl: 'select(select(0.0, 0.5 * g, a == b), g, a > b)',
  vjp: (h, { inputs: [, a, b] }) => [() => shareOfLarger(h, a, b), null, null],
  keep: { inputs: [1, 2] },
});

export const shareOfLargerCases = (): OpCases => ({
  op: shareOfLarger,
  samples: [
    { inputs: [{ shape: [3, 5] }, { shape: [3, 1], avoid: [0] }, { shape: [5], lo: -0.04, hi: 0.04 }] },
    { inputs: [{ shape: [2, 4] }, { shape: [4], lo: -0.04, hi: 0.04 }, { shape: [2, 4], avoid: [0] }] },
  ],
  errors: [],
  bench: [],
});
