import { add, mul, sub } from '../../kernels/elementwise/arithmetic.js';
import { exp, tanh } from '../../kernels/elementwise/unary.js';
import { squeeze } from '../../kernels/layout/reshape.js';
import { slice } from '../../kernels/layout/slice.js';
import type { Tensor } from '../../tensor/tensor.js';

/** A coordinate moved, and the logarithm of the slope there, each [..., D]. */
export type Transformed = readonly [moved: Tensor, logSlope: Tensor];

/** A monotone function of one coordinate whose parameters, [..., D, count], a network gives; zeros mean the identity. */
export interface Transform {
  /** Numbers per coordinate. */
  readonly count: number;
  forward(z: Tensor, parameters: Tensor): Transformed;
  inverse(x: Tensor, parameters: Tensor): Transformed;
}

/** `x = z + t`: keeps volumes, so that the density's peak is the base's (NICE, Dinh et al. 2015). */
export const additive: Transform = {
  count: 1,
  forward: (z, parameters) => [add(z, column(parameters, 0)), z.device.zeros(z.shape)],
  inverse: (x, parameters) => [sub(x, column(parameters, 0)), x.device.zeros(x.shape)],
};

/** `x = z exp(s) + t` with `s = bound tanh(.)` (RealNVP, Dinh et al. 2017). */
export function affine(bound = 1): Transform {
  const scale = (parameters: Tensor, sign: 1 | -1) => mul(tanh(column(parameters, 0)), sign * bound);
  return {
    count: 2,
    forward(z, parameters) {
      const s = scale(parameters, 1);
      return [add(mul(z, exp(s)), column(parameters, 1)), s];
    },
    inverse(x, parameters) {
      const s = scale(parameters, -1);
      return [mul(sub(x, column(parameters, 1)), exp(s)), s];
    },
  };
}

/** Parameter `i` of every coordinate: [..., D, count] to [..., D]. */
function column(parameters: Tensor, i: number): Tensor {
  return squeeze(columns(parameters, i, i + 1), { axes: [-1] });
}

/** Parameters `from` to `to` of every coordinate. */
export function columns(parameters: Tensor, from: number, to: number): Tensor {
  const leading = parameters.shape.slice(0, -1);
  return slice(parameters, { begin: [...leading.map(() => 0), from], end: [...leading, to] });
}
