import { ShapeError } from '../../errors.js';
import { slice } from '../../kernels/layout/slice.js';
import type { Flow } from './flow.js';

/** Parameters of the flow in space and of the flow in the plane. */
export type MixedParams<P3, P2> = { flow3d: P3; flow2d: P2 };

/**
 * A flow for points of which some lack their last coordinate, the depth: `flow3d` is the density of complete points,
 * and `flow2d`, found in `plane`, that of the others. For each joint, `rle` takes the one that the joint's weights call
 * for.
 *
 * @throws ShapeError unless `flow2d` has one coordinate less than `flow3d`
 */
export function mixedFlow<P3, P2>(flow3d: Flow<P3>, flow2d: Flow<P2>): Flow<MixedParams<P3, P2>> {
  const [dims, fewer] = [flow3d, flow2d].map(({ pointShape }) =>
    pointShape.length === 1 ? pointShape[0] : Number.NaN,
  );
  if (fewer !== dims - 1) {
    throw new ShapeError(
      `mixedFlow: wants a flow over R^D and one over R^(D - 1), got points [${flow3d.pointShape}] and [${flow2d.pointShape}]`,
    );
  }
  const init: Flow<MixedParams<P3, P2>>['init'] = (rng, device, data) => ({
    flow2d: flow2d.init(rng, device, data && slice(data, { begin: [0, 0], end: [data.shape[0], fewer] })),
    flow3d: flow3d.init(rng, device, data),
  });
  const plane = withParams(flow2d, init, (params: MixedParams<P3, P2>) => params.flow2d);
  return { ...withParams(flow3d, init, (params: MixedParams<P3, P2>) => params.flow3d), plane };
}

/** A flow that finds its parameters in a larger tree. */
function withParams<P, Q>(flow: Flow<P>, init: Flow<Q>['init'], of: (params: Q) => P): Flow<Q> {
  return {
    pointShape: flow.pointShape,
    base: flow.base,
    init,
    forward: (params, z) => flow.forward(of(params), z),
    inverse: (params, x) => flow.inverse(of(params), x),
    logProb: (params, x) => flow.logProb(of(params), x),
    sample: (params, count, rng) => flow.sample(of(params), count, rng),
  };
}
