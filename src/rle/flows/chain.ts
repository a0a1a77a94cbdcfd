import { ShapeError } from '../../errors.js';
import { add } from '../../kernels/elementwise/arithmetic.js';
import { formatShape, sameShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { StandardDensity } from '../density.js';
import { type Flow, flowOver, type InvertibleMap, type Moved } from './flow.js';

/**
 * Maps applied one after the other, `x = f_n(... f_1(z))`; their log-determinants add up. Additive couplings alone keep
 * volumes, so that an affine map in the chain gives them a scale. The parameters are a list, one entry per map.
 */
export function chain<P>(maps: readonly InvertibleMap<P>[], base?: StandardDensity): Flow<P[]> {
  const [{ pointShape }] = maps;
  const other = maps.find((map) => !sameShape(map.pointShape, pointShape));
  if (other) {
    throw new ShapeError(
      `chain: all maps must be of points ${formatShape(pointShape)}, got one of ${formatShape(other.pointShape)}`,
    );
  }
  const run = (points: Tensor, order: readonly number[], step: (i: number, at: Tensor) => Moved): Moved =>
    order.slice(1).reduce<Moved>(
      ([at, logDet], i) => {
        const [next, more] = step(i, at);
        return [next, add(logDet, more)];
      },
      step(order[0], points),
    );
  const order = [...maps.keys()];
  return flowOver<P[]>(
    {
      pointShape,
      init(rng, device, data) {
        const params: P[] = [];
        // Goes from the data's side to the base: each map gets the data as the later maps transform them.
        let at = data;
        for (const i of [...order].reverse()) {
          params[i] = maps[i].init(rng, device, at);
          at = at && maps[i].inverse(params[i], at)[0];
        }
        return params;
      },
      forward: (params, z) => run(z, order, (i, at) => maps[i].forward(params[i], at)),
      inverse: (params, x) => run(x, [...order].reverse(), (i, at) => maps[i].inverse(params[i], at)),
    },
    base,
  );
}
