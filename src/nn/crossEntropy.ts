import { attributesOf } from '../autograd/attributes.js';
import { composed } from '../autograd/composed.js';
import { ShapeError } from '../errors.js';
import { add, div, mul, neg } from '../kernels/elementwise/arithmetic.js';
import { cast } from '../kernels/elementwise/cast.js';
import { notEqual } from '../kernels/elementwise/comparison.js';
import { where } from '../kernels/elementwise/where.js';
import { pick } from '../kernels/indexing/takeAlongAxis.js';
import { mean } from '../kernels/reduction/mean.js';
import { logSoftmax } from '../kernels/reduction/softmax.js';
import { sum } from '../kernels/reduction/sum.js';
import { formatShape, isFloat, normaliseAxis, sameShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions {
  /** Axis of the classes; default: the last. */
  readonly axis: number;
  /** Share of the target that is spread over all classes alike, in [0, 1]; default 0. */
  readonly labelSmoothing: number;
  /** A class number whose elements count neither in the loss nor in its mean; default: none. */
  readonly ignoreIndex: number | undefined;
  /** `mean` over all elements that count (default), their `sum`, or `none`: one loss for each. */
  readonly reduction: 'mean' | 'sum' | 'none';
}

const DEFAULTS: CrossEntropyOptions = { axis: -1, labelSmoothing: 0, ignoreIndex: undefined, reduction: 'mean' };

/**
 * Cross-entropy of class scores, `loss = -sum_c t_c log softmax(logits)_c`, averaged: PyTorch's `cross_entropy` with the
 * classes last. With label smoothing e of C classes, t becomes `(1 - e) t + e / C`.
 *
 * @param logits float32 [..., C], any numbers
 * @param target class numbers, int32 or uint32, in the shape of the logits without `axis`; or probabilities t, float32,
 *   in the shape of the logits. A number that is no class gives a NaN loss, unless it is `ignoreIndex` (PyTorch's is
 *   -100)
 * @returns a scalar; with `reduction: 'none'` the shape of the logits without `axis`
 * @throws ShapeError if the target has another shape, or an option is out of range
 */
export function crossEntropy(logits: Tensor, target: Tensor, options?: Partial<CrossEntropyOptions>): Tensor {
  return composed('crossEntropy', [logits, target], () => {
    const { axis, labelSmoothing, ignoreIndex, reduction } = attributesOf('crossEntropy', DEFAULTS, options);
    const d = normaliseAxis('crossEntropy', axis, logits.rank);
    const soft = isFloat(target);
    const wanted = soft ? logits.shape : logits.shape.toSpliced(d, 1);
    if (!sameShape(target.shape, wanted)) {
      throw new ShapeError(
        `crossEntropy: for logits ${formatShape(logits.shape)} the target must be class numbers (int32 or uint32) ` +
          `${formatShape(logits.shape.toSpliced(d, 1))} or probabilities (float32) ${formatShape(logits.shape)}, got ` +
          `${target.dtype} ${formatShape(target.shape)}`,
      );
    }
    if (!(labelSmoothing >= 0 && labelSmoothing <= 1) || !Object.hasOwn({ mean: 0, sum: 0, none: 0 }, reduction)) {
      throw new ShapeError(
        `crossEntropy: labelSmoothing must lie in [0, 1] and reduction be 'mean', 'sum' or 'none', got ${labelSmoothing} and ` +
          `'${reduction}'`,
      );
    }
    if (soft && ignoreIndex !== undefined) {
      throw new ShapeError(
        'crossEntropy: ignoreIndex is a class number, but the target holds probabilities; leave it out',
      );
    }
    const logP = logSoftmax(logits, { axis: d });
    const counts = ignoreIndex === undefined ? undefined : notEqual(target, ignoreIndex);
    const known = counts ? where(counts, target, 0) : target;
    const hit = soft ? sum(mul(target, logP), { axes: d }) : pick(logP, known, { axis: d });
    const smooth = labelSmoothing === 0 ? hit : blend(hit, mean(logP, { axes: d }), labelSmoothing);
    const loss = neg(counts ? where(counts, smooth, 0) : smooth);
    if (reduction === 'none') return loss;
    if (reduction === 'sum') return sum(loss);
    return counts ? div(sum(loss), sum(cast(counts, { dtype: 'float32' }))) : mean(loss);
  });
}

function blend(a: Tensor, b: Tensor, share: number): Tensor {
  return add(mul(a, 1 - share), mul(b, share));
}
