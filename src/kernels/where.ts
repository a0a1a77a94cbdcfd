import type { Op, Operand } from '../autograd/op.js';
import { ShapeError } from '../errors.js';
import { Tensor } from '../tensor/tensor.js';
import { defineElementwise, requireDType } from './elementwise.js';
import { sumTo } from './reduce.js';

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
  vjp: (g, { inputs: [condition, a, b] }) => [
    null,
    () => sumTo(where(condition, g, 0), a.shape),
    () => sumTo(where(condition, 0, g), b.shape),
  ],
  keep: { inputs: [0] },
});

/** A number takes the dtype of the other choice, not that of the condition. */
function apply([condition, a, b]: readonly Operand[]): Tensor {
  const dtype = [a, b].find((x) => x instanceof Tensor)?.dtype ?? 'float32';
  const lift = (x: Operand) =>
    typeof x === 'number' && condition instanceof Tensor ? condition.device.scalar(x, dtype) : x;
  return choose.apply([condition, lift(a), lift(b)]);
}

/**
 * Choice with broadcasting, `y = a where condition is not 0, else b`; the choice not taken may be NaN or infinite without
 * touching the result or the gradient.
 *
 * @param condition uint32, as comparisons return it.
 * @param a and b: tensors of one dtype, or numbers.
 */
export const where: Where = /* @__PURE__ */ Object.assign(
  (condition: Tensor, a: Operand, b: Operand) => apply([condition, a, b]),
  { def: choose.def, apply },
);
