import { composed } from '../autograd/composed.js';
import { ShapeError } from '../errors.js';
import { reshape } from '../kernels/layout/reshape.js';

import { checkOptions, type Kinds } from '../tensor/options.js';
import { formatShape, sameShape, sizeOf } from '../tensor/shape.js';
import type { Device, Tensor } from '../tensor/tensor.js';
import { affineNorm, OVER_GROUPS } from './affineNorm.js';
import { constant } from './init.js';

/** Scale `weight` [C] and shift `bias` [C]. */
export type GroupNormParams = { weight: Tensor; bias: Tensor };

/** Options of `groupNorm.apply`. */
export interface GroupNormOptions {
  /** How many groups of neighbouring channels; 1 is a layer norm over all of an image, C an instance norm. */
  readonly groups: number;
  readonly eps?: number;
}

const OPTIONS: Kinds<GroupNormOptions> = { groups: 'number', eps: 'number' };

/** Scale 1 and shift 0. */
export function init(device: Device, channels: number): GroupNormParams {
  return { weight: constant(device, [channels], 1), bias: constant(device, [channels], 0) };
}

/**
 * `y = weight (x - mean) / sqrt(var + eps) + bias` with the mean and the biased variance of each image's groups of C / groups
 * neighbouring channels over all pixels (Wu and He 2018): PyTorch's `GroupNorm`.
 *
 * @param x [N, ..., C], float32
 * @returns like x
 * @throws ShapeError if weight and bias are not [C], or the groups do not divide C, and for an option there is not
 */
export function apply({ weight, bias }: GroupNormParams, x: Tensor, options: GroupNormOptions): Tensor {
  checkOptions('groupNorm', OPTIONS, options);
  const { groups, eps = 1e-5 } = options;
  return composed('groupNorm', [x, weight, bias], () => {
    const C = x.shape[x.rank - 1];
    const divides = Number.isInteger(groups) && C % groups === 0;
    if (x.rank < 2 || !sameShape(weight.shape, [C]) || !sameShape(bias.shape, [C]) || !divides) {
      throw new ShapeError(
        `groupNorm: wants x [N, ..., C], weight and bias [C], and groups that divide C; got ${formatShape(x.shape)}, ` +
          `${formatShape(weight.shape)}, ${formatShape(bias.shape)} and ${String(groups)}`,
      );
    }
    const grouped = reshape(x, { shape: [x.shape[0], sizeOf(x.shape.slice(1, -1)), groups, C / groups] });
    const [w, b] = [weight, bias].map((t) => reshape(t, { shape: [groups, C / groups] }));
    return reshape(affineNorm(grouped, w, b, OVER_GROUPS, eps), { shape: x.shape });
  });
}
