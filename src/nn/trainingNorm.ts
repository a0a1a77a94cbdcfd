import type { BatchNormAttrs } from '../kernels/norm/batchNorm.js';
import type { Tensor } from '../tensor/tensor.js';

/** Computes what the op `batchNorm` does, from the statistics of more than one batch. */
export type TrainingNorm = (
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  runningMean: Tensor,
  runningVar: Tensor,
  attrs: BatchNormAttrs,
) => [y: Tensor, runningMean: Tensor, runningVar: Tensor];

let current: TrainingNorm | undefined;

/** @internal Runs `fn` while batch norms in training are computed by `norm`. */
export function withTrainingNorm<T>(norm: TrainingNorm, fn: () => T): T {
  const outer = current;
  current = norm;
  try {
    return fn();
  } finally {
    current = outer;
  }
}

/** @internal What computes batch norms in training instead of the ops for it, if anything. */
export function trainingNorm(): TrainingNorm | undefined {
  return current;
}
