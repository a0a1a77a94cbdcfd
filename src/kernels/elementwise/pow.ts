import { type Binary, binary, CLEAR, mul, sub } from './arithmetic.js';
import { equal } from './comparison.js';
import { log } from './unary.js';
import { where } from './where.js';

/**
 * Power with broadcasting, `y = a^b`, where `a^0 = 1`; NaN for negative `a` unless `b` is whole.
 * The gradient is 0 for `a` where `b = 0` and for `b` where `a = 0`, as in PyTorch.
 */
export const pow: Binary = /* @__PURE__ */ binary({
  name: 'pow',
  value: (a, b) => a ** b,
  wgsl: 'power(a, b)',
  keep: { inputs: [0, 1], outputs: [0] },
  pull: (g, a, b, y) => [
    () => where(equal(b, 0), 0, mul(g, mul(b, pow(a, sub(b, 1))))),
    () => where(equal(a, 0), 0, mul(g, mul(y, log(a)))),
  ],
  ranges: [{ lo: 0.3, hi: 2 }, CLEAR],
});
