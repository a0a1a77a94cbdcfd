import { type Binary, binary, CLEAR, mul, sub } from './arithmetic.js';
import { equal, less } from './comparison.js';
import { log } from './unary.js';
import { where } from './where.js';

/**
 * Power with broadcasting, `y = a^b`, with the special values of C99: `a^0 = 1^b = 1` even of NaN, `(-1)^(+-infinity) = 1`,
 * `(-0)^-1 = -infinity`, NaN for negative `a` unless `b` is whole. In float32 within one unit in the last place, and exact
 * where the result is a float32, as of `7^2`, `x^1` or `10000000000^0.5`.
 * The gradient is 0 for `a` where `b = 0`, and for `b` where `a = 0` and `b >= 0`, as in PyTorch.
 */
export const pow: Binary = /* @__PURE__ */ binary({
  name: 'pow',
  value: power,
  wgsl: 'power(a, b)',
  keep: { inputs: [0, 1], outputs: [0] },
  pull: (g, a, b, y) => [
    () => where(equal(b, 0), 0, mul(g, mul(b, pow(a, sub(b, 1))))),
    // At a = 0 the product y log(a) is 0 for b >= 0 (its limit), and infinite below.
    () => mul(g, mul(y, log(where(equal(a, 0), where(less(b, 0), a, 1), a)))),
  ],
  ranges: [{ lo: 0.3, hi: 2 }, CLEAR],
});

/** `a ** b`, except in the two cases where C99 says 1 and JavaScript NaN. */
function power(a: number, b: number): number {
  return a === 1 || (a === -1 && Math.abs(b) === Number.POSITIVE_INFINITY) ? 1 : a ** b;
}
