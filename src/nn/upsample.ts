import { composed } from '../autograd/composed.js';
import { ShapeError } from '../errors.js';
import { reshape } from '../kernels/layout/reshape.js';
import { broadcastTo } from '../kernels/reduction/sum.js';
import { formatShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/**
 * Repeats every pixel `scale x scale` times, `y[n,p,q,c] = x[n, floor(p / scale), floor(q / scale), c]`: PyTorch's
 * nearest upsampling by a whole factor.
 *
 * @param x [N, H, W, C]
 * @returns [N, scale H, scale W, C]
 */
export function upsampleNearest(x: Tensor, scale: number): Tensor {
  return composed('upsampleNearest', [x], () => {
    if (x.rank !== 4 || !Number.isInteger(scale) || scale < 1) {
      throw new ShapeError(
        `upsampleNearest: wants [N, H, W, C] and a whole scale of at least 1, got ${formatShape(x.shape)} and ${scale}`,
      );
    }
    if (scale === 1) return x;
    const [N, H, W, C] = x.shape;
    const pixels = reshape(x, { shape: [N * H, 1, W, 1, C] });
    const repeated = broadcastTo(pixels, { shape: [N * H, scale, W, scale, C] });
    return reshape(repeated, { shape: [N, H * scale, W * scale, C] });
  });
}
