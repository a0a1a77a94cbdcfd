import type { CouplingOptions, RealNvpParams } from '../couplings.js';
import type { StandardDensity } from '../density.js';
import * as realNvp from '../realNvp.js';
import { type Flow, flowOver } from './flow.js';

export interface RealNvpFlowOptions extends realNvp.RealNvpShape, CouplingOptions {
  /** Default `gaussian`, as in the paper's code. */
  readonly base?: StandardDensity;
}

/** The official RLE's flow, with its names and kernels, behind the interface of all flows (Dinh et al. 2017). */
export function realNvpFlow({
  base = 'gaussian',
  masks,
  scaleBound,
  ...shape
}: RealNvpFlowOptions): Flow<RealNvpParams> {
  const options = { masks, scaleBound };
  const flow = flowOver<RealNvpParams>(
    {
      pointShape: [shape.dims],
      init: (rng, device) => realNvp.init(rng, device, shape),
      forward: (params, z) => realNvp.forward(params, z, options),
      inverse: (params, x) => realNvp.inverse(params, x, options),
    },
    base,
  );
  // Over a normal base the density is one kernel.
  return base === 'gaussian' ? { ...flow, logProb: (params, x) => realNvp.logProb(params, x, options) } : flow;
}
