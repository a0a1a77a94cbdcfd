import { attributesOf } from '../../autograd/attributes.js';
import { composed } from '../../autograd/composed.js';
import { ShapeError } from '../../errors.js';
import { formatShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { pad } from '../layout/slice.js';
import { conv2dInput } from './conv2d.js';
import { CONV_DEFAULTS, type ConvAttrs, convAttrs, type Pair, pair } from './convGeometry.js';

/**
 * Attributes of `convTranspose2d`: those of the convolution that it transposes, and how many rows and columns are
 * added at the end.
 */
export interface ConvTranspose2dAttrs extends ConvAttrs {
  /**
   * Rows and columns added at the bottom and right, fewer than the stride or the dilation. They choose among the sizes
   * from which a strided convolution would come to that of x.
   */
  readonly outputPadding: number | Pair;
}

const DEFAULTS: ConvTranspose2dAttrs = { ...CONV_DEFAULTS, outputPadding: [0, 0] };

/**
 * Transposed convolution, PyTorch's `conv_transpose2d`: the adjoint of the convolution with the same filter,
 * `y[n,h,w,c] = sum over r,s,k with h = p stride + r dilation - padding of x[n,p,q,k] filter[r,s,c,k]`.
 *
 * @param x [N, P, Q, K]. @param filter [R, S, C / groups, K], the filter of the convolution that this reverses.
 * @returns [N, H, W, C] with `H = (P - 1) stride - 2 padding + dilation (R - 1) + outputPadding + 1`.
 * @throws ShapeError if channels do not fit, the size is below 1, or outputPadding is below neither stride nor dilation.
 */
export function convTranspose2d(x: Tensor, filter: Tensor, attrs?: Partial<ConvTranspose2dAttrs>): Tensor {
  return composed('convTranspose2d', [x, filter], () => {
    const { outputPadding, ...conv } = attributesOf('convTranspose2d', DEFAULTS, attrs);
    if (x.rank !== 4 || filter.rank !== 4 || x.shape[3] !== filter.shape[3]) {
      throw new ShapeError(
        `convTranspose2d: x must be [N, P, Q, K] and the filter [R, S, C / groups, K] with the same K, ` +
          `got ${formatShape(x.shape)} and ${formatShape(filter.shape)}`,
      );
    }
    const { stride, padding, dilation } = convAttrs('convTranspose2d', conv);
    const extra = pair(outputPadding);
    const extent = (axis: 0 | 1) => {
      const more = extra[axis];
      if (!Number.isInteger(more) || more < 0 || more >= Math.max(stride[axis], dilation[axis])) {
        throw new ShapeError(
          `convTranspose2d: outputPadding ${more} must be an integer from 0 to below stride ${stride[axis]} or dilation ${dilation[axis]}`,
        );
      }
      const reach = dilation[axis] * (filter.shape[axis] - 1) + 1;
      const size = (x.shape[1 + axis] - 1) * stride[axis] - 2 * padding[axis] + reach + more;
      if (size < 1) {
        throw new ShapeError(
          `convTranspose2d: padding ${padding[axis]} leaves ${size} of the ${size + 2 * padding[axis]} ${axis === 0 ? 'rows' : 'columns'} ` +
            `that ${formatShape(x.shape)} and the filter ${formatShape(filter.shape)} give; use less padding`,
        );
      }
      return size;
    };
    const inputSize: Pair = [extent(0), extent(1)];
    // A convolution of an image enlarged by `outputPadding` may give more pixels than x has: x is padded by zeros there.
    const beyond = [0, Math.floor(extra[0] / stride[0]), Math.floor(extra[1] / stride[1]), 0];
    const whole = beyond.some((n) => n > 0) ? pad(x, { after: beyond }) : x;
    return conv2dInput(whole, filter, { ...conv, inputSize });
  });
}
