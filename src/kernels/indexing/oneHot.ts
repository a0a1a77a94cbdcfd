import { attributesOf } from '../../autograd/attributes.js';
import { composed } from '../../autograd/composed.js';
import { ShapeError } from '../../errors.js';
import { formatShape, isFloat } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { full } from '../creation/full.js';
import { expandDims } from '../layout/reshape.js';
import { takeAlongAxisGrad } from './takeAlongAxis.js';

const NO_CLASSES = { classes: 0 };

/**
 * Class numbers as unit vectors, `y[..., c] = 1 if c = index[...] else 0`, float32, without a derivative. An index that is
 * no class gives a row of zeros, as in JAX; PyTorch refuses it.
 *
 * @param index int32 or uint32 of any shape
 * @returns the shape of the index with a last axis of `classes`
 * @throws ShapeError if the index is a float or `classes` is no integer >= 1
 */
export function oneHot(index: Tensor, attrs: { readonly classes: number }): Tensor {
  return composed('oneHot', [index], () => {
    const { classes } = attributesOf('oneHot', NO_CLASSES, attrs);
    if (isFloat(index) || !Number.isInteger(classes) || classes < 1) {
      throw new ShapeError(
        `oneHot: wants an int32 or uint32 index and a number of classes, got ${index.dtype} ${formatShape(index.shape)} ` +
          `and ${classes}; pass { classes: 10 }`,
      );
    }
    const ones = full(index.device, { shape: [...index.shape, 1], value: 1 });
    return takeAlongAxisGrad(ones, expandDims(index, { axis: -1 }), { extent: classes });
  });
}
