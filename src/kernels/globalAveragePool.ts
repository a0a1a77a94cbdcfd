import { ShapeError } from '../errors.js';
import { formatShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { avgPool2d } from './avgPool2d.js';
import { reshape } from './reshape.js';

/**
 * Mean over all pixels, `y[n,c] = 1/(H W) sum_{h,w} x[n,h,w,c]`: average pooling with one window.
 *
 * @param x float32 [N, H, W, C]
 * @returns [N, C]
 */
export function globalAveragePool(x: Tensor): Tensor {
  if (x.rank !== 4) {
    throw new ShapeError(`globalAveragePool: input must be [N, H, W, C], got ${formatShape(x.shape)}`);
  }
  const [N, H, W, C] = x.shape;
  return reshape(avgPool2d(x, { kernel: [H, W] }), { shape: [N, C] });
}
