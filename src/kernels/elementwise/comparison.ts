import type { OpCases } from '../../autograd/cases.js';
import type { Op, Operand } from '../../autograd/op.js';
import { isFloat, requireDType, requireFloats, requireOneDType } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { elementwiseCases } from './cases.js';
import { defineElementwise, type Unary } from './define.js';

/** Few values, so that many are equal. */
const TIES = { dtype: 'int32', lo: -2, hi: 2 } as const;
const MASK = { dtype: 'uint32' } as const;

type Comparison = Op<[a: Operand, b: Operand], object>;

function comparison(name: string, value: (a: number, b: number) => boolean, wgsl: string): Comparison {
  return defineElementwise<[a: Operand, b: Operand]>({
    name,
    operands: ['a', 'b'],
    value: (a, b) => Number(value(a, b)),
    wgsl: `u32(${wgsl})`,
    dtype(inputs) {
      if (!inputs.every(isFloat)) requireOneDType(name, inputs);
      return 'uint32';
    },
    half: 'all',
    vjp: null,
    ranges: [TIES, TIES],
  });
}

/** `y = 1 where a = b, else 0` as uint32, with broadcasting, for operands of one dtype or floats. */
export const equal: Comparison = /* @__PURE__ */ comparison('equal', (a, b) => a === b, 'a == b');

/** `y = 1 where a != b, else 0` as uint32, with broadcasting, for operands of one dtype or floats; NaN differs from everything. */
export const notEqual: Comparison = /* @__PURE__ */ comparison('notEqual', (a, b) => a !== b, '!(a == b)');

/** `y = 1 where a < b, else 0` as uint32, with broadcasting, for operands of one dtype or floats. */
export const less: Comparison = /* @__PURE__ */ comparison('less', (a, b) => a < b, 'a < b');

/** `y = 1 where a <= b, else 0` as uint32, with broadcasting, for operands of one dtype or floats. */
export const lessEqual: Comparison = /* @__PURE__ */ comparison('lessEqual', (a, b) => a <= b, 'a <= b');

/** `y = 1 where a > b, else 0` as uint32, with broadcasting, for operands of one dtype or floats. */
export const greater: Comparison = /* @__PURE__ */ comparison('greater', (a, b) => a > b, 'a > b');

/** `y = 1 where a >= b, else 0` as uint32, with broadcasting, for operands of one dtype or floats. */
export const greaterEqual: Comparison = /* @__PURE__ */ comparison('greaterEqual', (a, b) => a >= b, 'a >= b');

type Mask = Op<[a: Tensor, b: Tensor], object>;

function logical(name: string, value: (a: number, b: number) => boolean, wgsl: string): Mask {
  return defineElementwise<[a: Tensor, b: Tensor]>({
    name,
    operands: ['a', 'b'],
    value: (a, b) => Number(value(a, b)),
    wgsl: `u32(${wgsl})`,
    dtype(inputs) {
      requireDType(name, inputs, 'uint32');
      return 'uint32';
    },
    vjp: null,
    ranges: [MASK, MASK],
  });
}

/** `y = 1 where both masks are not 0, else 0`, with broadcasting. */
export const logicalAnd: Mask = /* @__PURE__ */ logical('logicalAnd', (a, b) => a !== 0 && b !== 0, 'a != 0 && b != 0');

/** `y = 1 where either mask is not 0, else 0`, with broadcasting. */
export const logicalOr: Mask = /* @__PURE__ */ logical('logicalOr', (a, b) => a !== 0 || b !== 0, 'a != 0 || b != 0');

/** `y = 1 where the mask is 0, else 0`. */
export const logicalNot: Unary = /* @__PURE__ */ defineElementwise<[x: Tensor]>({
  name: 'logicalNot',
  operands: ['x'],
  value: (x) => Number(x === 0),
  wgsl: 'u32(x == 0)',
  dtype(inputs) {
    requireDType('logicalNot', inputs, 'uint32');
    return 'uint32';
  },
  vjp: null,
  ranges: [MASK],
});

/** `y = 1 where x is neither infinite nor NaN, else 0` as uint32. */
// biome-ignore lint/suspicious/noShadowRestrictedNames: the global is of no use here, and this is the name that people look for.
export const isFinite: Unary = /* @__PURE__ */ defineElementwise<[x: Tensor]>({
  name: 'isFinite',
  operands: ['x'],
  value: (x) => Number(Number.isFinite(x)),
  wgsl: 'u32((x & 0x7f800000u) != 0x7f800000u)',
  bits: true,
  dtype(inputs) {
    requireFloats('isFinite', inputs);
    return 'uint32';
  },
  half: 'all',
  vjp: null,
});

export const comparisonCases = (): OpCases[] => {
  const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
  const floats = [
    { shape: [3, 3], values: [-1.5, 0, 2, nan, infinity, 1, 0.25, -infinity, nan] },
    { shape: [3, 3], values: [-1.5, -0, 1, 1, infinity, nan, 0.5, infinity, nan] },
  ];
  const masks = [[2, 3], [3]].map((shape) => ({ shape, ...MASK }));
  return [equal, notEqual, less, lessEqual, greater, greaterEqual].map((op) => {
    const { samples, ...rest } = elementwiseCases(op);
    return { ...rest, samples: [...samples, { inputs: floats }, { inputs: masks }] };
  });
};
