import { customVjp } from '../autograd/grad.js';
import { add, mul, sub } from '../kernels/elementwise/arithmetic.js';
import { rsqrt } from '../kernels/elementwise/unary.js';
import { mean } from '../kernels/reduction/mean.js';
import { variance } from '../kernels/reduction/variance.js';
import type { Tensor } from '../tensor/tensor.js';

/** Mean and biased variance over some axes, which stay with extent 1. */
export interface Statistics {
  mean(x: Tensor): Tensor;
  variance(x: Tensor): Tensor;
}

/** Over the last axis. */
export const OVER_LAST: Statistics = {
  mean: (x) => mean(x, { axes: -1, keepDims: true }),
  variance: (x) => variance(x, { axes: -1, keepDims: true, correction: 0 }),
};

/**
 * Over pixels P and channels D of [N, P, G, D]. Pixels come first, since their axis can be reduced where it lies; channels
 * have equally many, so that the mean of their means is the mean, and the variance is theirs plus that of their means.
 */
export const OVER_GROUPS: Statistics = {
  mean: (x) => mean(mean(x, PIXELS), CHANNELS),
  variance(x) {
    const within = mean(variance(x, { ...PIXELS, correction: 0 }), CHANNELS);
    return add(within, variance(mean(x, PIXELS), { ...CHANNELS, correction: 0 }));
  },
};

const PIXELS = { axes: 1, keepDims: true } as const;
const CHANNELS = { axes: 3, keepDims: true } as const;

/**
 * `y = (x - mean x) / sqrt(var x + eps)`. Its gradient is `(g - mean g - y mean(g y)) / sqrt(var x + eps)`, half as many
 * passes over memory as the derivative of each step apart.
 */
export function normalise(x: Tensor, over: Statistics, eps: number): Tensor {
  const scale = (t: Tensor) => rsqrt(add(over.variance(t), eps));
  const forward = (t: Tensor) => {
    const y = mul(sub(t, over.mean(t)), scale(t));
    return [y, [t, y]] as const;
  };
  return customVjp(forward, ([t, y], g) => {
    const along = mul(y, over.mean(mul(g, y)));
    return [mul(sub(sub(g, over.mean(g)), along), scale(t))];
  })(x);
}
