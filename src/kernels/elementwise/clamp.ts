import type { OpCases } from '../../autograd/cases.js';
import type { Op } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import { requireFloats } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { elementwiseCases } from './cases.js';
import { defineElementwise, type Unary } from './define.js';

/** Clear of both bounds. */
const RANGE = { lo: -2, hi: 2, avoid: [-0.5, 0.75] };
const BOUNDS = { min: -0.5, max: 0.75 };

/** Attributes of `clamp`: the bounds of the result, infinite where left out. */
export interface ClampAttrs {
  /** Lower bound; default: none. */
  readonly min: number;
  /** Upper bound; default: none. */
  readonly max: number;
}

const UNBOUNDED: ClampAttrs = { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY };

/**
 * Limits to an interval, `y = min(max(x, min), max)`; lets NaN through. The gradient passes where `min <= x <= max`,
 * bounds included, as in PyTorch.
 *
 * @throws ShapeError if `min` is not at most `max`.
 */
export const clamp: Unary<ClampAttrs> = /* @__PURE__ */ defineElementwise<[x: Tensor], ClampAttrs>({
  name: 'clamp',
  operands: ['x'],
  value: (x, { min, max }) => Math.min(Math.max(x, min), max),
  wgsl: 'select(select(x, p.max, x > p.max), p.min, x < p.min)',
  attrs: UNBOUNDED,
  uniforms: ['min', 'max'],
  half: 'all',
  dtype(inputs, { min, max }) {
    requireFloats('clamp', inputs);
    if (!(min <= max)) throw new ShapeError(`clamp: min ${min} is not at most max ${max}; swap the bounds`);
    return inputs[0].dtype;
  },
  vjp: (g, { inputs: [x], attrs }) => [() => clampGrad(g, x, attrs)],
  ranges: [RANGE],
  sampleAttrs: BOUNDS,
});

/** @internal Gradient of `clamp` from its operand, `g where min <= x <= max, else 0`. */
export const clampGrad: Op<[g: Tensor, x: Tensor], ClampAttrs> = /* @__PURE__ */ defineElementwise<
  [g: Tensor, x: Tensor],
  ClampAttrs
>({
  name: 'clampGrad',
  operands: ['g', 'x'],
  value: (g, x, { min, max }) => (x >= min && x <= max ? g : 0),
  wgsl: 'select(0.0, g, x >= p.min && x <= p.max)',
  attrs: UNBOUNDED,
  uniforms: ['min', 'max'],
  vjp: (h, { inputs: [, x], attrs }) => [() => clampGrad(h, x, attrs), null],
  keep: { inputs: [1] },
  ranges: [{}, RANGE],
  sampleAttrs: BOUNDS,
});

export const clampCases = (): OpCases => {
  const cases = elementwiseCases(clamp);
  const swapped = { inputs: [{ shape: [2] }], attrs: { min: 1, max: 0 }, message: /clamp: min 1 is not at most max 0/ };
  return { ...cases, errors: [...cases.errors, swapped] };
};
