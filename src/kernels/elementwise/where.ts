import type { OpCases } from '../../autograd/cases.js';
import type { Op } from '../../autograd/op.js';
import { type Operand, scalarOperand } from '../../autograd/operands.js';
import { ShapeError } from '../../errors.js';
import { requireDType } from '../../tensor/shape.js';
import { Tensor } from '../../tensor/tensor.js';
import { elementwiseBench } from './cases.js';
import { defineElementwise } from './define.js';

type Where = Op<[condition: Tensor, a: Operand, b: Operand], object>;

const choose: Where = /* @__PURE__ */ defineElementwise<[condition: Tensor, a: Operand, b: Operand]>({
  name: 'where',
  operands: ['condition', 'a', 'b'],
  value: (condition, a, b) => (condition === 0 ? b : a),
  wgsl: 'select(b, a, condition != 0u)',
  dtype([condition, a, b]) {
    requireDType('where', [condition], 'uint32');
    if (a.dtype !== b.dtype) {
      throw new ShapeError(`where: cannot choose between ${a.dtype} and ${b.dtype}; convert one with cast`);
    }
    return a.dtype;
  },
  half: [1, 2],
  vjp: (g, { inputs: [condition] }) => [null, () => where(condition, g, 0), () => where(condition, 0, g)],
  keep: { inputs: [0] },
});

/** A number takes the dtype of the other choice, not that of the condition. */
function apply([condition, a, b]: readonly Operand[], attrs?: object): Tensor {
  const dtype = [a, b].find((x) => x instanceof Tensor)?.dtype ?? 'float32';
  const lift = (x: Operand, i: number) =>
    typeof x === 'number' && condition instanceof Tensor ? scalarOperand('where', i, condition.device, x, dtype) : x;
  return choose.apply([condition, lift(a, 1), lift(b, 2)], attrs);
}

/**
 * Choice with broadcasting, `y = a where condition is not 0, else b`. The choice not taken may be NaN or infinite without
 * touching the result, and gets a cotangent of exactly 0.
 *
 * That 0 is then multiplied by the derivative of whatever made the choice, and 0 times infinity or NaN is NaN, as in PyTorch
 * and JAX: at x = -1 the gradient of `where(x > 0, sqrt(x), x)` is 0 * NaN + 1. Choose a harmless operand first:
 *
 *     const positive = greater(x, 0);
 *     where(positive, sqrt(where(positive, x, 1)), x)
 *
 * @param condition uint32, as comparisons return it.
 * @param a and b: tensors of one dtype, or numbers.
 */
export const where: Where = /* @__PURE__ */ Object.assign(
  (condition: Tensor, a: Operand, b: Operand) => apply([condition, a, b]),
  { def: choose.def, apply },
);

export const whereCases = (): OpCases => ({
  op: where,
  samples: [
    { inputs: [{ shape: [3, 5], dtype: 'uint32' }, { shape: [3, 5] }, { shape: [3, 5] }] },
    { inputs: [{ shape: [2, 3, 1], dtype: 'uint32' }, { shape: [2, 3, 4] }, { shape: [] }] },
    { inputs: [{ shape: [3], dtype: 'uint32' }, { shape: [2, 1] }, { shape: [4, 1, 3] }] },
    {
      inputs: [
        { shape: [2, 4], dtype: 'uint32' },
        { shape: [4], dtype: 'int32', lo: -9, hi: 9 },
        { shape: [2, 1], dtype: 'int32', lo: -9, hi: 9 },
      ],
    },
  ],
  errors: [
    {
      inputs: [{ shape: [2] }, { shape: [2] }, { shape: [2] }],
      message: /where: operand 0 is float32, expected uint32/,
    },
    {
      inputs: [{ shape: [2], dtype: 'uint32' }, { shape: [2] }, { shape: [2], dtype: 'int32' }],
      message: /where: cannot choose between float32 and int32/,
    },
  ],
  bench: [/* @__PURE__ */ elementwiseBench([{ dtype: 'uint32' }], [[8, 56, 56, 64], [8, 56, 56, 64], []])],
});
