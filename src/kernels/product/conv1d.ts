import { attributesOf } from '../../autograd/attributes.js';
import { composed } from '../../autograd/composed.js';
import { ShapeError } from '../../errors.js';
import { formatShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { reshape } from '../layout/reshape.js';
import { conv2d } from './conv2d.js';

/** Attributes of `conv1d`, counted in elements along the axis. */
export interface Conv1dAttrs {
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  readonly groups: number;
}

const CONV1D_DEFAULTS: Conv1dAttrs = { stride: 1, padding: 0, dilation: 1, groups: 1 };

/**
 * Convolution along one axis, PyTorch's `conv1d` with channels last:
 * `y[n,q,k] = bias[k] + sum over s,c of x[n, q stride + s dilation - padding, c] filter[s,c,k]`; a `conv2d` of height 1.
 *
 * @param x [N, L, C]. @param filter [S, C / groups, K]. @param bias [K], optional.
 * @returns [N, Q, K] with `Q = floor((L + 2 padding - dilation (S - 1) - 1) / stride) + 1`
 * @throws ShapeError if ranks or channels do not fit, or the filter is longer than the padded input
 */
export function conv1d(x: Tensor, filter: Tensor, bias?: Tensor, attrs?: Partial<Conv1dAttrs>): Tensor {
  return composed('conv1d', bias ? [x, filter, bias] : [x, filter], () => {
    const { stride, padding, dilation, groups } = attributesOf('conv1d', CONV1D_DEFAULTS, attrs);
    if (x.rank !== 3 || filter.rank !== 3) {
      throw new ShapeError(
        `conv1d: wants x [N, L, C] and a filter [S, C / groups, K], got ${formatShape(x.shape)} and ` +
          `${formatShape(filter.shape)}; channels are last`,
      );
    }
    const row = ([n, ...rest]: readonly number[]) => ({ shape: [n, 1, ...rest] });
    const [S, C, K] = filter.shape;
    const flat = [reshape(x, row(x.shape)), reshape(filter, { shape: [1, S, C, K] })];
    const y = conv2d.apply(bias ? [...flat, bias] : flat, {
      stride: [1, stride],
      padding: [0, padding],
      dilation: [1, dilation],
      groups,
    });
    return reshape(y, { shape: [y.shape[0], y.shape[2], K] });
  });
}
