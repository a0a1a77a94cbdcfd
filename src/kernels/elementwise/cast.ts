import type { OpCases } from '../../autograd/cases.js';
import { defineOp, type Op } from '../../autograd/op.js';
import { type DType, isFloat } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { elementwiseLauncher } from './launch.js';

/** Attributes of `cast`: the dtype of the result. */
export interface CastAttrs {
  readonly dtype: DType;
}

/** What is no number is 0, and numbers beyond the range end at its bounds. */
const limited = (x: number, least: number, most: number) => Math.min(Math.max(Math.trunc(x) || 0, least), most);

const CONVERT: Record<DType, (x: number) => number> = {
  float32: (x) => x,
  float16: (x) => x,
  int32: (x) => limited(x, -(2 ** 31), 2 ** 31 - 1),
  uint32: (x) => limited(x, 0, 2 ** 32 - 1),
};

/** WGSL reinterprets bits between `i32` and `u32`, so the bounds come first; functions of `math.wgsl.ts` from floats. */
const TO_INTEGER: Record<string, string> = {
  'i32 u32': 'u32(max(x, 0))',
  'u32 i32': 'i32(min(x, 2147483647u))',
  'f32 i32': 'wholeNumber(x)',
  'f32 u32': 'naturalNumber(x)',
};

/**
 * The same numbers in another dtype; masks become 0.0 and 1.0. Towards integers a float is truncated towards 0, numbers
 * beyond the range become its nearest bound (5e9 as int32 is 2147483647, -1 as uint32 is 0), and NaN becomes 0, on every
 * backend. Between floats the gradient is the identity, in the dtype that the operand has. A device rounds a number that
 * float16 cannot hold, beyond 65504 to infinity; the reference rounds nothing.
 */
export const cast: Op<[x: Tensor], CastAttrs> = /* @__PURE__ */ defineOp({
  name: 'cast',
  arity: 1,
  attrs: { dtype: 'float32' },
  anyDType: true,
  half: 'all',
  shape: ([x], { dtype }) => ({ shape: x.shape, dtype }),
  reference([x], [y], { dtype }) {
    const convert = CONVERT[dtype];
    for (let i = 0; i < y.data.length; i++) y.data[i] = convert(x.data[i]);
  },
  launches: (inputs, [y], attrs) => [launch(inputs, y, attrs)],
  vjp: (g, { inputs: [x], attrs }) => [isFloat(attrs) ? () => matching(g, x) : null],
  keep: { inputs: [] },
});

// Not a row of the elementwise family, because the gradients of that family use this op.
const launch = /* @__PURE__ */ elementwiseLauncher<[Tensor], CastAttrs>({
  name: 'cast',
  operands: ['x'],
  wgsl: ([from], to) => TO_INTEGER[`${from} ${to}`] ?? `${to}(x)`,
});

/** The cotangent in the dtype of the operand that it is for. */
export function matching(g: Tensor, { dtype }: Pick<Tensor, 'dtype'>): Tensor {
  return g.dtype === dtype ? g : cast(g, { dtype });
}

export const castCases = (): OpCases => ({
  op: cast,
  samples: [
    { inputs: [{ shape: [3, 5], lo: -9, hi: 9 }], attrs: { dtype: 'int32' } },
    { inputs: [{ shape: [2, 4], values: [-1.9, -0.5, 0, 0.99, 1, 2.5, 7, 1e6] }], attrs: { dtype: 'uint32' } },
    { inputs: [{ shape: [2, 3], dtype: 'int32', lo: -9, hi: 9 }], attrs: { dtype: 'uint32' } },
    { inputs: [{ shape: [4], dtype: 'uint32', values: [0, 1, 2 ** 31 - 1, 2 ** 32 - 1] }], attrs: { dtype: 'int32' } },
    { inputs: [{ shape: [2, 3], dtype: 'uint32' }], attrs: { dtype: 'float32' } },
    { inputs: [{ shape: [2, 3] }], attrs: { dtype: 'float32' } },
    { inputs: [{ shape: [3, 5], lo: -9, hi: 9 }], attrs: { dtype: 'float16' } },
    { inputs: [{ shape: [2, 4], lo: -1e-6, hi: 1e-6 }], attrs: { dtype: 'float16' } },
    { inputs: [{ shape: [7], dtype: 'int32', lo: -9, hi: 9 }], attrs: { dtype: 'float16' } },
  ],
  errors: [],
  bench: [],
});
