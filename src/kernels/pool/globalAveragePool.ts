import { composed } from '../../autograd/composed.js';
import { ShapeError } from '../../errors.js';
import { formatShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { reshape } from '../layout/reshape.js';
import { mean } from '../reduction/mean.js';
import { avgPool2d } from './avgPool2d.js';

/**
 * Mean over all pixels, `y[n,c] = 1/(H W) sum_{h,w} x[n,h,w,c]`: average pooling with one window.
 *
 * @param x [N, H, W, C], float32 or float16
 * @returns float32 [N, C]
 */
export function globalAveragePool(x: Tensor): Tensor {
  return composed('globalAveragePool', [x], () => {
    if (x.rank !== 4) {
      throw new ShapeError(`globalAveragePool: input must be [N, H, W, C], got ${formatShape(x.shape)}`);
    }
    if (x.dtype === 'float16') return mean(x, { axes: [1, 2] }); // avgPool2d would round it to float16
    const [N, H, W, C] = x.shape;
    return reshape(avgPool2d(x, { kernel: [H, W] }), { shape: [N, C] });
  });
}
