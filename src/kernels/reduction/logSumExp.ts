import type { OpCases } from '../../autograd/cases.js';
import { defineOp, type Op } from '../../autograd/op.js';
import type { Tensor } from '../../tensor/tensor.js';
import { mul, sub } from '../elementwise/arithmetic.js';
import { exp } from '../elementwise/unary.js';
import { withMath } from '../wgsl/math.wgsl.js';
import {
  collapsedView,
  REDUCE_DEFAULTS,
  type ReduceAttrs,
  type Reducer,
  reducedShape,
  reduceLaunches,
} from './stages.js';
import { spread } from './sum.js';

/**
 * States are (m, s): the largest element and `sum exp(x - m)`, so that no exponential overflows. Equal maxima compare by
 * bits, because two infinities have no difference and a NaN must reach `s`.
 */
export function normaliser(label: string, result: 'f32' | 'vec2f', finish: string): Reducer {
  return {
    label,
    stateWords: 2,
    element: 'f32',
    state: 'vec2f',
    result,
    functions: withMath(/* wgsl */ `
fn lift(x: f32, r: u32) -> vec2f { return vec2f(x, 1); }
fn merge(a: vec2f, b: vec2f) -> vec2f {
  let d = b.x - a.x;
  let e = select(exp(-abs(d)), 1, bitcast<u32>(a.x) == bitcast<u32>(b.x));
  return select(vec2f(a.x, a.y + b.y * e), vec2f(b.x, a.y * e + b.y), d > 0);
}
fn finish(s: vec2f, count: u32) -> ${result} { return ${finish}; }`),
  };
}

/** The reference: `log sum exp` of `count` elements from `start` on, `stride` apart. */
export function logSum(data: ArrayLike<number>, start: number, count: number, stride: number): number {
  let m = data[start];
  for (let r = 1; r < count; r++) m = Math.max(m, data[start + r * stride]);
  if (!Number.isFinite(m)) return m;
  let s = 0;
  for (let r = 0; r < count; r++) s += Math.exp(data[start + r * stride] - m);
  return m + Math.log(s);
}

/**
 * Log of a sum of exponentials over axes, `y[o, i] = log sum_r exp(x[o, r, i])`, which never overflows: infinite only if some
 * element is +infinity or all are -infinity.
 */
export const logSumExp: Op<[x: Tensor], ReduceAttrs> = /* @__PURE__ */ defineOp({
  name: 'logSumExp',
  arity: 1,
  attrs: REDUCE_DEFAULTS,
  shape: ([x], attrs) => ({ shape: reducedShape('logSumExp', x.shape, attrs), dtype: 'float32' }),
  reference([x], [y], { axes }) {
    const { data, reduce, inner } = collapsedView('logSumExp', x, axes);
    for (let t = 0; t < y.data.length; t++) {
      y.data[t] = logSum(data, Math.floor(t / inner) * reduce * inner + (t % inner), reduce, inner);
    }
  },
  launches: ([x], [y], { axes }, context) =>
    reduceLaunches(normaliser('logSumExp', 'f32', 's.x + ln(s.y)'), x, y, axes, context),
  vjp: (g, { inputs: [x], outputs: [y], attrs }) => [() => mul(spread(g, x, attrs), exp(sub(x, spread(y, x, attrs))))],
  keep: { inputs: [0], outputs: [0] },
});

export const logSumExpCases = (): OpCases => ({
  op: logSumExp,
  samples: [
    { inputs: [{ shape: [2, 3, 5] }] },
    { inputs: [{ shape: [3, 5], lo: -40, hi: 40 }], attrs: { axes: -1, keepDims: true } },
    { inputs: [{ shape: [2, 3, 4] }], attrs: { axes: 1 } },
    { inputs: [{ shape: [2, 3, 2, 2] }], attrs: { axes: [0, 2] } },
    { inputs: [{ shape: [] }] },
    { inputs: [{ shape: [3], lo: 200, hi: 900 }], order: 1 },
    { inputs: [{ shape: [1031, 3] }], attrs: { axes: 0 }, order: 1 },
  ],
  errors: [
    { inputs: [{ shape: [2, 3] }], attrs: { axes: 2 }, message: /axis 2 is out of range for rank 2/ },
    { inputs: [{ shape: [2], dtype: 'int32' }], message: /logSumExp: operand 0 is int32/ },
  ],
  bench: [
    {
      name: 'class scores, 4096x1000',
      inputs: [{ shape: [4096, 1000] }],
      attrs: { axes: -1 },
      flop: 16_384_000,
      bytes: 16_400_384,
    },
  ],
});
