import type { OpCases } from '../../autograd/cases.js';
import { defineOp, type Op } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import { formatShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { mul, sub } from '../elementwise/arithmetic.js';
import { matching } from '../elementwise/cast.js';
import { mean } from './mean.js';
import { collapse, collapsedView, type ReduceAttrs, type Reducer, reducedShape, reduceLaunches } from './stages.js';
import { spread } from './sum.js';

/** Attributes of `variance`: it divides by the number of elements less `correction`. */
export interface VarianceAttrs extends ReduceAttrs {
  /** 1 divides by R - 1, which estimates the variance of what R elements were drawn from; 0 divides by R. */
  readonly correction: 0 | 1;
}

/**
 * States are (count, mean, sum of squared distances from it), merged by Chan, Golub and LeVeque (1979): the squares of large
 * numbers are never subtracted from each other.
 */
function moments(correction: 0 | 1): Reducer {
  return {
    label: `variance.${correction}`,
    stateWords: 4,
    element: 'f32',
    state: 'vec4f',
    result: 'f32',
    functions: /* wgsl */ `
fn lift(x: f32, r: u32) -> vec4f { return vec4f(1, x, 0, 0); }
fn merge(a: vec4f, b: vec4f) -> vec4f {
  let d = b.y - a.y;
  let share = b.x / (a.x + b.x);
  return vec4f(a.x + b.x, a.y + d * share, a.z + b.z + d * d * a.x * share, 0);
}
fn finish(s: vec4f, count: u32) -> f32 { return s.z / f32(count - ${correction}u); }`,
  };
}

/**
 * Variance over axes, `y[o, i] = sum_r (x[o, r, i] - mean_r x[o, r, i])^2 / (R - correction)`, float32 also of float16.
 * The correction is by default 1, as in PyTorch; NumPy's and JAX's is 0.
 *
 * @throws ShapeError if correction is neither 0 nor 1, or is 1 where only one element is reduced
 */
export const variance: Op<[x: Tensor], VarianceAttrs> = /* @__PURE__ */ defineOp({
  name: 'variance',
  arity: 1,
  attrs: { axes: undefined, keepDims: false, correction: 1 },
  half: [0],
  shape([x], attrs) {
    const { axes, correction } = attrs;
    const shape = reducedShape('variance', x.shape, attrs);
    const { reduce } = collapse('variance', x.shape, axes);
    if ((correction !== 0 && correction !== 1) || reduce <= correction) {
      throw new ShapeError(
        `variance: correction must be 0 or 1 and below the number of elements, got ${correction} for ${reduce} of ` +
          `${formatShape(x.shape)}; pass { correction: 0 } to divide by ${reduce}`,
      );
    }
    return { shape, dtype: 'float32' };
  },
  reference([x], [y], { axes, correction }) {
    const { data, reduce, inner } = collapsedView('variance', x, axes);
    for (let t = 0; t < y.data.length; t++) {
      const start = Math.floor(t / inner) * reduce * inner + (t % inner);
      let [sum, squares] = [0, 0];
      for (let r = 0; r < reduce; r++) sum += data[start + r * inner];
      for (let r = 0; r < reduce; r++) squares += (data[start + r * inner] - sum / reduce) ** 2;
      y.data[t] = squares / (reduce - correction);
    }
  },
  launches: ([x], [y], { axes, correction }, context) => reduceLaunches(moments(correction), x, y, axes, context),
  vjp(g, { inputs: [x], attrs }) {
    const { axes, correction } = attrs;
    const slope = () => mul(g, 2 / (x.size / g.size - correction));
    const distance = () => sub(x, matching(mean(x, { axes, keepDims: true }), x));
    return [() => mul(spread(matching(slope(), x), x, attrs), distance())];
  },
});

export const varianceCases = (): OpCases => ({
  op: variance,
  samples: [
    { inputs: [{ shape: [2, 3, 5] }] },
    { inputs: [{ shape: [2, 3, 5] }], attrs: { correction: 0 } },
    { inputs: [{ shape: [3, 5] }], attrs: { axes: 0 } },
    { inputs: [{ shape: [3, 5], lo: 20, hi: 21 }], attrs: { axes: -1, keepDims: true }, order: 1 },
    { inputs: [{ shape: [2, 3, 4, 2] }], attrs: { axes: [0, 2], correction: 0 } },
    { inputs: [{ shape: [3, 2, 8] }], attrs: { axes: 1 } },
    { inputs: [{ shape: [2, 1] }], attrs: { axes: 1, correction: 0 } },
    // Long enough for several stages on every device.
    { inputs: [{ shape: [4099] }], order: 1 },
    { inputs: [{ shape: [1032, 3] }], attrs: { axes: 0, correction: 0 }, order: 1 },
  ],
  errors: [
    { inputs: [{ shape: [2, 1] }], attrs: { axes: 1 }, message: /got 1 for 1 of \[2, 1\]; pass \{ correction: 0 \}/ },
    { inputs: [{ shape: [2, 3] }], attrs: { correction: 2 }, message: /correction must be 0 or 1/ },
    { inputs: [{ shape: [2, 3] }], attrs: { axes: 2 }, message: /axis 2 is out of range for rank 2/ },
  ],
  bench: [
    {
      name: 'rows of 8192x512',
      inputs: [{ shape: [8192, 512] }],
      attrs: { axes: -1, correction: 0 },
      flop: 8 * 8192 * 512,
      bytes: 4 * 8192 * 512,
    },
  ],
});
