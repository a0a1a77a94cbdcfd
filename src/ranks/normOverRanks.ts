import { customVjp } from '../autograd/grad.js';
import { firstOrderOnly } from '../autograd/op.js';
import { isRecording } from '../autograd/tape.js';
import { full } from '../kernels/creation/full.js';
import { add, div, mul, sub } from '../kernels/elementwise/arithmetic.js';
import { cast } from '../kernels/elementwise/cast.js';
import { square } from '../kernels/elementwise/unary.js';
import { stack } from '../kernels/layout/concat.js';
import { pad, slice } from '../kernels/layout/slice.js';
import { normalise, normaliseGrad } from '../kernels/norm/normalise.js';
import { blend } from '../kernels/optimiser/blend.js';
import { mean } from '../kernels/reduction/mean.js';
import { sum } from '../kernels/reduction/sum.js';
import { variance } from '../kernels/reduction/variance.js';
import type { TrainingNorm } from '../nn/trainingNorm.js';
import { scope } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Ranks } from './ranks.js';

/** Number of values, mean and biased variance of each channel [C], over the batches of all ranks. */
interface Statistics {
  readonly count: Tensor;
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/**
 * Batch norm over the batches of all ranks, as PyTorch's `SyncBatchNorm`: ranks meet once in the forward pass, with their
 * counts, means and variances, and once in the reverse sweep, with the sums of `g` and `g xhat`. Batches may differ in size.
 *
 * Each rank differentiates the sum of all ranks' losses: gradients of weight and bias are those of its own batch, which
 * are summed over the ranks with all other gradients.
 *
 * @param meet puts the sum over the ranks in place of each element
 * @throws ShapeError when differentiated twice
 */
export function normOverRanks({ rank, size }: Ranks, meet: (x: Tensor) => void): TrainingNorm {
  /** What each rank has, one after the other. */
  const gathered = (own: Tensor): Tensor => {
    const row = stack([own]);
    if (size === 1) return row;
    const others = (count: number) => [count, ...own.shape.map(() => 0)];
    const all = pad(row, { before: others(rank), after: others(size - 1 - rank) });
    meet(all);
    return all;
  };

  /** Merges the statistics of all ranks without differences of large numbers (Chan, Golub and LeVeque, 1983). */
  const statisticsOf = (x: Tensor): Statistics =>
    scope(() => {
      const channels = x.shape.slice(-1);
      const axes = leadingAxes(x);
      const own = stack([
        full(x.device, { shape: channels, value: x.size / channels[0] }),
        mean(x, { axes }),
        variance(x, { axes, correction: 0 }),
      ]);
      const all = gathered(own);
      const [counts, means, variances] = [0, 1, 2].map((k) =>
        slice(all, { begin: [0, k, 0], end: [size, k + 1, channels[0]] }),
      );
      const overRanks = (y: Tensor) => sum(y, { axes: [0, 1] });
      const count = overRanks(counts);
      const total = div(overRanks(mul(counts, means)), count);
      const spread = add(variances, square(sub(means, total)));
      return { count, mean: total, variance: div(overRanks(mul(counts, spread)), count) };
    });

  return (given, weight, bias, runningMean, runningVar, { eps, momentum }) => {
    let found: Statistics | undefined;
    const forward = (x: Tensor, w: Tensor, b: Tensor) => {
      const statistics = statisticsOf(x);
      found = statistics;
      return [normalise(x, statistics.mean, statistics.variance, w, b, { eps }), { x, w, statistics }] as const;
    };
    const backward = ({ x, w, statistics }: { x: Tensor; w: Tensor; statistics: Statistics }, g: Tensor) => {
      if (isRecording()) firstOrderOnly('batch norm over ranks')();
      const axes = leadingAxes(x);
      const xhat = normalise(x, statistics.mean, statistics.variance, 1, 0, { eps });
      const own = [sum(g, { axes }), sum(mul(g, xhat), { axes })];
      const all = stack(own);
      if (size > 1) meet(all);
      const means = div(all, statistics.count);
      const [meanG, meanGx] = [0, 1].map((k) => mul(row(means, k), w));
      const dx = normaliseGrad(mul(g, w), meanG, xhat, meanGx, statistics.variance, { eps });
      return [dx, own[1], own[0]];
    };
    const isHalf = given.dtype === 'float16';
    const x = isHalf ? cast(given, { dtype: 'float32' }) : given;
    const y = customVjp(forward, backward)(x, weight, bias);
    const { count, mean: batchMean, variance: biased } = found as unknown as Statistics;
    const unbiased = mul(biased, div(count, sub(count, 1)));
    return [
      isHalf ? cast(y, { dtype: 'float16' }) : y,
      blend(runningMean, batchMean, { share: momentum }),
      blend(runningVar, unbiased, { share: momentum }),
    ];
  };
}

const leadingAxes = (x: Tensor): number[] => Array.from({ length: x.rank - 1 }, (_, i) => i);

/** Row k of [K, C], as [C]. */
const row = (x: Tensor, k: number): Tensor => sum(slice(x, { begin: [k, 0], end: [k + 1, x.shape[1]] }), { axes: 0 });
