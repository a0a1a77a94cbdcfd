import { add, mul, sub } from '../../kernels/elementwise/arithmetic.js';
import { exp, tanh } from '../../kernels/elementwise/unary.js';
import { slice } from '../../kernels/layout/slice.js';
import type { Tensor } from '../../tensor/tensor.js';

/** A coordinate moved, and the logarithm of the slope there, each [..., D]. */
export type Transformed = readonly [moved: Tensor, logSlope: Tensor];

/** Parameters of each coordinate by their names: [..., D] for one number, [..., D, count] for more. */
export type TransformParameters<Part extends string> = Readonly<Record<Part, Tensor>>;

/** A monotone function of one coordinate, whose parameters networks give; zeros mean the identity. */
export interface Transform<Part extends string = string> {
  /** How many numbers each parameter has per coordinate. A network makes each of them. */
  readonly parts: Readonly<Record<Part, number>>;
  forward(z: Tensor, parameters: TransformParameters<Part>): Transformed;
  inverse(x: Tensor, parameters: TransformParameters<Part>): Transformed;
}

/** `x = z + t`: keeps volumes, so that the density's peak is the base's (NICE, Dinh et al. 2015). */
export const additive: Transform<'t'> = {
  parts: { t: 1 },
  forward: (z, { t }) => [add(z, t), z.device.zeros(z.shape)],
  inverse: (x, { t }) => [sub(x, t), x.device.zeros(x.shape)],
};

/** `x = z exp(s) + t` with `s = bound tanh(.)` (RealNVP, Dinh et al. 2017). */
export function affine(bound = 1): Transform<'t' | 's'> {
  const bounded = (raw: Tensor, factor: number) => (factor === 1 ? tanh(raw) : mul(tanh(raw), factor));
  return {
    parts: { t: 1, s: 1 },
    forward(z, parameters) {
      const s = bounded(parameters.s, bound);
      return [add(mul(z, exp(s)), parameters.t), s];
    },
    inverse(x, parameters) {
      const s = bounded(parameters.s, -bound);
      return [mul(sub(x, parameters.t), exp(s)), s];
    },
  };
}

/** Numbers `from` to `to` of every coordinate's parameter, [..., D, count]. */
export function columns(parameter: Tensor, from: number, to: number): Tensor {
  const leading = parameter.shape.slice(0, -1);
  return slice(parameter, { begin: [...leading.map(() => 0), from], end: [...leading, to] });
}
