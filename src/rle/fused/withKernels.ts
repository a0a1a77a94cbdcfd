import { concat } from '../../kernels/layout/concat.js';
import { reshape } from '../../kernels/layout/reshape.js';
import { slice } from '../../kernels/layout/slice.js';
import type { Tensor } from '../../tensor/tensor.js';
import { type CouplingFlowOptions, checkCouplings } from '../flows/couplingFlow.js';
import { type Flow, flowOver, type Moved } from '../flows/flow.js';
import { alternatingMasks } from '../flows/masks.js';
import { flattenFlow, flowLogProb, flowMove } from './flowLogProb.js';
import type { FlowAttrs, RealNvpParams } from './flowShape.js';
import { MOST_POINTS, selectPointTile } from './selectFlow.js';

/** A RealNVP whose maps, and whose density over a normal base, are one dispatch each where the kernels fit its shape. */
export function withKernels(
  composed: Flow<RealNvpParams>,
  couplings: CouplingFlowOptions<'t' | 's'>,
  scaleBound: number,
): Flow<RealNvpParams> {
  const moved = (params: RealNvpParams, points: Tensor, map: 'forward' | 'inverse'): Moved => {
    const attrs = fusedAttrs(params, points, couplings, scaleBound);
    if (!attrs) return composed[map](params, points);
    const flat = flattenFlow(params);
    const parts = inParts(points, attrs.dims).map((part) => flowMove(part, flat, { ...attrs, map }));
    return [
      reshape(joined(parts.map((part) => part[0])), { shape: points.shape }),
      reshape(joined(parts.map((part) => part[1])), { shape: points.shape.slice(0, -1) }),
    ];
  };
  const forward: Flow<RealNvpParams>['forward'] = (params, z) => moved(params, z, 'forward');
  const inverse: Flow<RealNvpParams>['inverse'] = (params, x) => moved(params, x, 'inverse');
  const flow = flowOver<RealNvpParams>({ ...composed, forward, inverse }, composed.base);
  if (composed.base !== 'gaussian') return flow;
  return {
    ...flow,
    logProb(params, x) {
      const attrs = fusedAttrs(params, x, couplings, scaleBound);
      if (!attrs) return composed.logProb(params, x);
      const flat = flattenFlow(params);
      const parts = inParts(x, attrs.dims).map((part) => flowLogProb(part, flat, attrs));
      return reshape(joined(parts), { shape: x.shape.slice(0, -1) });
    },
  };
}

/**
 * The attributes for the kernels; undefined where they do not fit: on the reference, or for other depths, widths,
 * dimensions.
 */
function fusedAttrs(
  params: RealNvpParams,
  points: Tensor,
  options: CouplingFlowOptions<'t' | 's'>,
  scaleBound: number,
): FlowAttrs | undefined {
  const { dims, couplings = 6, hidden = 64, hiddenLayers = 2, masks = alternatingMasks(dims, couplings) } = options;
  const { capabilities } = points.device;
  if (hiddenLayers !== 2 || dims > 4 || couplings * dims > 32 || points.shape.at(-1) !== dims) return undefined;
  if (capabilities.tier === 'reference' || !selectPointTile(capabilities, hidden)) return undefined;
  checkCouplings(params, options);
  return { dims, hidden, masks, scaleBound, activation: options.activation ?? 'leakyRelu' };
}

/** Points [n, D] in parts that the gradient's scratch memory is laid out for. */
function inParts(x: Tensor, dims: number): Tensor[] {
  const n = x.size / dims;
  const points = reshape(x, { shape: [n, dims] });
  if (n <= MOST_POINTS) return [points];
  return Array.from({ length: Math.ceil(n / MOST_POINTS) }, (_, i) =>
    slice(points, { begin: [i * MOST_POINTS], end: [Math.min(n, (i + 1) * MOST_POINTS)] }),
  );
}

function joined(parts: readonly Tensor[]): Tensor {
  return parts.length === 1 ? parts[0] : concat(parts, { axis: 0 });
}
