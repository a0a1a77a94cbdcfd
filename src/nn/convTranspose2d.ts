import { add } from '../kernels/elementwise/arithmetic.js';
import { pair } from '../kernels/product/convGeometry.js';
import { convTranspose2d as convTranspose2dOp } from '../kernels/product/convTranspose2d.js';

import type { Rng } from '../tensor/rng.js';
import type { Device, Tensor } from '../tensor/tensor.js';
import type { Conv2dOptions, Conv2dParams } from './conv2d.js';
import { drawLayer } from './drawLayer.js';

/**
 * Parameters of a transposed convolution over NHWC images: `weight` [R, S, outputs/groups, inputs], the filter of the
 * convolution that it reverses, and `bias` [outputs], by default drawn as PyTorch draws them.
 *
 * @throws ShapeError for an option there is not
 */
export function init(rng: Rng, device: Device, options: Conv2dOptions): Conv2dParams {
  // PyTorch's fan-in, the second extent of its [in, out / groups, R, S], is that of our shape: the outputs per group.
  return drawLayer('convTranspose2d', rng, device, options, ({ inputs, outputs, kernel, groups = 1 }) => [
    ...pair(kernel),
    outputs / groups,
    inputs,
  ]);
}

type Attrs = NonNullable<Parameters<typeof convTranspose2dOp>[2]>;

/** Transposed convolution of x [N, H, W, inputs] to [N, P, Q, outputs]; attributes as in `convTranspose2d`. */
export function apply({ weight, bias }: Conv2dParams, x: Tensor, attrs: Attrs = {}): Tensor {
  const y = convTranspose2dOp(x, weight, attrs);
  return bias ? add(y, bias) : y;
}
