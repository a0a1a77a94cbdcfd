import { add, mul, neg, sub } from '../../kernels/elementwise/arithmetic.js';
import { exp, log, sqrt } from '../../kernels/elementwise/unary.js';
import { mean } from '../../kernels/reduction/mean.js';
import { broadcastTo, sum } from '../../kernels/reduction/sum.js';
import { variance } from '../../kernels/reduction/variance.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { StandardDensity } from '../density.js';
import { type Flow, flowOver } from './flow.js';

/** Translation and log-scale of each coordinate, [D] or [K, D]. */
export type AffineParams = { t: Tensor; s: Tensor };

export interface AffineFlowOptions {
  readonly dims: number;
  /** One map per joint if given. */
  readonly joints?: number;
  readonly base?: StandardDensity;
}

/**
 * `x = z exp(s) + t` per coordinate: the base density, shifted and stretched. It starts as the identity. If `init` is
 * given data, it starts with their mean and standard deviation, so that the data mapped to the base have mean 0 and
 * variance 1 (ActNorm, Kingma and Dhariwal 2018).
 */
export function affineFlow({ dims, joints, base }: AffineFlowOptions): Flow<AffineParams> {
  const pointShape = joints === undefined ? [dims] : [joints, dims];
  const logDet = (s: Tensor, points: Tensor) =>
    broadcastTo(sum(s, { axes: [-1] }), { shape: points.shape.slice(0, -1) });
  return flowOver<AffineParams>(
    {
      pointShape,
      init: (_, device, data) =>
        data
          ? { t: mean(data, { axes: [0] }), s: log(sqrt(variance(data, { axes: [0], correction: 0 }))) }
          : { t: device.zeros(pointShape), s: device.zeros(pointShape) },
      forward: ({ t, s }, z) => [add(mul(z, exp(s)), t), logDet(s, z)],
      inverse: ({ t, s }, x) => [mul(sub(x, t), exp(neg(s))), logDet(neg(s), x)],
    },
    base,
  );
}
