import { add, mul, neg, sub } from '../../kernels/elementwise/arithmetic.js';
import { exp } from '../../kernels/elementwise/unary.js';
import { broadcastTo, sum } from '../../kernels/reduction/sum.js';
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

/** `x = z exp(s) + t` per coordinate: the base density moved and stretched. Starts as the identity. */
export function affineFlow({ dims, joints, base }: AffineFlowOptions): Flow<AffineParams> {
  const pointShape = joints === undefined ? [dims] : [joints, dims];
  const logDet = (s: Tensor, points: Tensor) =>
    broadcastTo(sum(s, { axes: [-1] }), { shape: points.shape.slice(0, -1) });
  return flowOver<AffineParams>(
    {
      pointShape,
      init: (_, device) => ({ t: device.zeros(pointShape), s: device.zeros(pointShape) }),
      forward: ({ t, s }, z) => [add(mul(z, exp(s)), t), logDet(s, z)],
      inverse: ({ t, s }, x) => [mul(sub(x, t), exp(neg(s))), logDet(neg(s), x)],
    },
    base,
  );
}
