import type { OpCases } from '../../autograd/cases.js';
import { defineOp, type Op } from '../../autograd/op.js';
import type { Tensor } from '../../tensor/tensor.js';
import { mul } from '../elementwise/arithmetic.js';
import { matching } from '../elementwise/cast.js';
import { REDUCE_DEFAULTS, type ReduceAttrs, reducedShape, reduceLaunches } from './stages.js';
import { adder, spread, sum, sumLike } from './sum.js';

/** Mean over axes, `y[o, i] = (1 / R) sum_r x[o, r, i]`, float32 also of float16. */
export const mean: Op<[x: Tensor], ReduceAttrs> = /* @__PURE__ */ defineOp({
  name: 'mean',
  arity: 1,
  attrs: REDUCE_DEFAULTS,
  half: [0],
  shape: ([x], attrs) => ({ shape: reducedShape('mean', x.shape, attrs), dtype: 'float32' }),
  reference([x], [y], { axes }) {
    sum.def.reference([x], [y], { axes, keepDims: false });
    const count = x.data.length / y.data.length;
    for (let i = 0; i < y.data.length; i++) y.data[i] /= count;
  },
  launches: ([x], [y], { axes }, context) =>
    reduceLaunches(adder('mean', 'float32', 's / f32(count)'), x, y, axes, context),
  vjp: (g, { inputs: [x], attrs }) => [() => spread(matching(mul(g, g.size / x.size), x), x, attrs)],
  keep: { inputs: [] },
});

export const meanCases = (): OpCases =>
  sumLike(mean, {
    samples: [],
    errors: [{ inputs: [{ shape: [2], dtype: 'int32' }], message: /mean: operand 0 is int32/ }],
  });
