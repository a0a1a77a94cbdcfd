import { ShapeError } from '../../errors.js';
import { concat } from '../../kernels/layout/concat.js';
import { reshape } from '../../kernels/layout/reshape.js';
import { slice } from '../../kernels/layout/slice.js';
import { formatShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { type Flow, flowOver, type Moved } from '../flows/flow.js';
import { alternatingMasks, checkMasks, type Masks } from '../flows/masks.js';
import { flattenFlow, flowLogProb, flowMove } from './flowLogProb.js';
import type { FlowAttrs, RealNvpParams } from './flowShape.js';
import { MOST_POINTS, selectPointTile } from './selectFlow.js';

interface Couplings {
  readonly masks?: Masks | undefined;
  readonly scaleBound: number;
}

/** A RealNVP whose maps, and whose density over a normal base, are one dispatch each where the kernels fit its shape. */
export function withKernels(composed: Flow<RealNvpParams>, couplings: Couplings): Flow<RealNvpParams> {
  const moved = (params: RealNvpParams, points: Tensor, map: 'forward' | 'inverse'): Moved => {
    const attrs = fusedAttrs(params, points, couplings);
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
      const attrs = fusedAttrs(params, x, couplings);
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
  { masks: given, scaleBound }: Couplings,
): FlowAttrs | undefined {
  const { capabilities } = points.device;
  const [hidden, dims] = params.t[0][0].weight.shape;
  const couplings = params.t.length;
  if (points.shape.at(-1) !== dims) {
    throw new ShapeError(
      `flow: the parameters are those of ${dims} coordinates, the points are ${formatShape(points.shape)}; ` +
        'the last axis must hold the coordinates',
    );
  }
  const masks = given ?? alternatingMasks(dims, couplings);
  checkMasks(masks, dims, couplings);
  const widths = [
    [hidden, dims],
    [hidden, hidden],
    [dims, hidden],
  ];
  const isPlain = [...params.t, ...params.s].every((network) => {
    const layers = Object.values(network);
    return layers.length === 3 && layers.every(({ weight, bias }, i) => bias && `${weight.shape}` === `${widths[i]}`);
  });
  const fits = capabilities.tier !== 'reference' && selectPointTile(capabilities, hidden) !== undefined;
  if (!isPlain || !fits || dims > 4 || couplings * dims > 32 || params.s.length !== couplings) return undefined;
  return { dims, hidden, masks, scaleBound };
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
