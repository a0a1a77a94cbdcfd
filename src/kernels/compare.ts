import type { Op, Operand } from '../autograd/op.js';
import { defineElementwise, requireDType } from './elementwise.js';

type Comparison = Op<[a: Operand, b: Operand], object>;

function comparison(name: string, value: (a: number, b: number) => boolean, wgsl: string): Comparison {
  return defineElementwise<[a: Operand, b: Operand]>({
    name,
    operands: ['a', 'b'],
    value: (a, b) => Number(value(a, b)),
    wgsl: `u32(${wgsl})`,
    dtype(inputs) {
      requireDType(name, inputs, inputs[0].dtype);
      return 'uint32';
    },
    vjp: null,
  });
}

/** `y = 1 where a = b, else 0` as uint32, with broadcasting, for operands of one dtype. */
export const equal: Comparison = /* @__PURE__ */ comparison('equal', (a, b) => a === b, 'a == b');

/** `y = 1 where a != b, else 0` as uint32, with broadcasting, for operands of one dtype; NaN differs from everything. */
export const notEqual: Comparison = /* @__PURE__ */ comparison('notEqual', (a, b) => a !== b, '!(a == b)');

/** `y = 1 where a < b, else 0` as uint32, with broadcasting, for operands of one dtype. */
export const less: Comparison = /* @__PURE__ */ comparison('less', (a, b) => a < b, 'a < b');

/** `y = 1 where a <= b, else 0` as uint32, with broadcasting, for operands of one dtype. */
export const lessEqual: Comparison = /* @__PURE__ */ comparison('lessEqual', (a, b) => a <= b, 'a <= b');

/** `y = 1 where a > b, else 0` as uint32, with broadcasting, for operands of one dtype. */
export const greater: Comparison = /* @__PURE__ */ comparison('greater', (a, b) => a > b, 'a > b');

/** `y = 1 where a >= b, else 0` as uint32, with broadcasting, for operands of one dtype. */
export const greaterEqual: Comparison = /* @__PURE__ */ comparison('greaterEqual', (a, b) => a >= b, 'a >= b');
