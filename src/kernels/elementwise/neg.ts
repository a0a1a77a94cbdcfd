import type { OpCases } from '../../autograd/cases.js';
import { unaryCases } from './cases.js';
import { defineUnary, type Unary } from './define.js';

/** Negation, `y = -x`. */
export const neg: Unary = /* @__PURE__ */ defineUnary({
  name: 'neg',
  value: (x) => -x,
  wgsl: '-x',
  keep: 'nothing',
  pull: (g) => neg(g),
});

export const negCases = (): OpCases => unaryCases(neg);
