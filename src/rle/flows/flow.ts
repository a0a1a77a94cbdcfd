import { sub } from '../../kernels/elementwise/arithmetic.js';
import { sum } from '../../kernels/reduction/sum.js';

import type { Rng } from '../../tensor/rng.js';
import type { Shape } from '../../tensor/shape.js';
import type { Device, Tensor } from '../../tensor/tensor.js';
import { tensorsOf } from '../../tensor/tree.js';
import { drawStandard, type StandardDensity, standardNegLog } from '../density.js';

/** The moved points, and log |det| of the map at each point: [..., D] and [...]. */
export type Moved = readonly [points: Tensor, logDet: Tensor];

/** An invertible map of R^D whose parameters form a tree of type P. */
export interface InvertibleMap<P> {
  /** Shape of one point: [D], or [K, D] for a map with parameters per joint. */
  readonly pointShape: Shape;
  /**
   * Parameters to start from.
   * @param data [n, ...pointShape], points on the map's data side; some maps start from their moments
   */
  init(rng: Rng, device: Device, data?: Tensor): P;
  /** Base to data, x = f(z). */
  forward(params: P, z: Tensor): Moved;
  /** Data to base, z = f^-1(x). */
  inverse(params: P, x: Tensor): Moved;
}

/** A density over R^D: an invertible map moves draws from a simple density, the base. */
export interface Flow<P> extends InvertibleMap<P> {
  readonly base: StandardDensity;
  /** `log p(x) = log base(z) + log |det dz/dx|`, z = f^-1(x): [..., D] to [...], in nats. */
  logProb(params: P, x: Tensor): Tensor;
  /** Only of a `mixedFlow`: the density of points without their last coordinate, with the same parameters. */
  readonly plane?: Flow<P>;
  /** `count` draws x = f(z), z from the base: [count, ...pointShape]. */
  sample(params: P, count: number, rng: Rng): Tensor;
}

/** The density that a map makes of a base; if the base has heavy tails, so has the density. */
export function flowOver<P>(map: InvertibleMap<P>, base: StandardDensity = 'gaussian'): Flow<P> {
  return {
    pointShape: map.pointShape,
    base,
    init: map.init,
    forward: map.forward,
    inverse: map.inverse,
    logProb(params, x) {
      const [z, logDet] = map.inverse(params, x);
      return sub(logDet, sum(standardNegLog(base, z), { axes: [-1] }));
    },
    sample(params, count, rng) {
      const z = drawStandard(base, rng, deviceOf(params), [count, ...map.pointShape]);
      return map.forward(params, z)[0];
    },
  };
}

/** The device of a tree of parameters. */
export function deviceOf(params: unknown): Device {
  return tensorsOf(params)[0].device;
}
