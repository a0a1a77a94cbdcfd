import { customVjp } from '../autograd/grad.js';
import { isRecording } from '../autograd/tape.js';
import { add, mul } from '../kernels/elementwise/arithmetic.js';
import { normalise, normaliseGrad } from '../kernels/norm/normalise.js';
import { mean } from '../kernels/reduction/mean.js';
import { gradientFor } from '../kernels/reduction/sum.js';
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
 * Over pixels P and channels D of [N, P, G, D]. Pixels are reduced first, because their axis can be reduced where it
 * lies. All channels have equally many, so the mean is the mean of their means, and the variance is the mean of their
 * variances plus the variance of their means.
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
 * `y = xhat weight + bias` with `xhat = (x - mean x) / sqrt(var x + eps)`. The gradient of x is computed in one step,
 * from `gw = g weight`, `(gw - mean gw - xhat mean(gw xhat)) / sqrt(var x + eps)`: to differentiate each op of the
 * forward pass by itself would take twice as many passes over memory.
 */
export function affineNorm(x: Tensor, weight: Tensor, bias: Tensor, over: Statistics, eps: number): Tensor {
  const forward = (t: Tensor, w: Tensor, b: Tensor) => {
    const statistics = [over.mean(t), over.variance(t)] as const;
    return [normalise(t, ...statistics, w, b, { eps }), { t, w, b, statistics }] as const;
  };
  return customVjp(forward, ({ t, w, b, statistics }, g) => {
    // If a tape records, for second derivatives, the statistics must be computed from x again.
    const [m, v] = isRecording() ? [over.mean(t), over.variance(t)] : statistics;
    const xhat = normalise(t, m, v, 1, 0, { eps });
    const gw = mul(g, w);
    const dx = normaliseGrad(gw, over.mean(gw), xhat, over.mean(mul(gw, xhat)), v, { eps });
    return [dx, gradientFor(w, mul(g, xhat)), gradientFor(b, g)];
  })(x, weight, bias);
}
