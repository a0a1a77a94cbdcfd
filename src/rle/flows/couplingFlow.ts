import { ShapeError } from '../../errors.js';
import { add, mul } from '../../kernels/elementwise/arithmetic.js';
import { concat } from '../../kernels/layout/concat.js';
import { reshape } from '../../kernels/layout/reshape.js';
import { broadcastTo, sum } from '../../kernels/reduction/sum.js';
import { normal } from '../../nn/init.js';
import * as mlp from '../../nn/mlp.js';
import type { Device } from '../../tensor/backend.js';
import type { Rng } from '../../tensor/rng.js';
import { formatShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { StandardDensity } from '../density.js';
import { alternatingMasks, checkCounts, checkMasks, deviceMask, type Masks } from '../masks.js';
import { type Flow, flowOver, type Moved } from './flow.js';
import type { Transform } from './transforms.js';

/** One network per coupling; a vector per joint if the flow is conditional, [K, embedding]. */
export type CouplingFlowParams = { nets: mlp.MlpParams[]; embedding?: Tensor };

export interface CouplingFlowOptions {
  /** D. */
  readonly dims: number;
  /** What a coupling does to a coordinate: `additive`, `affine()`, `rationalQuadratic()`. */
  readonly transform: Transform;
  /** Default 6. */
  readonly couplings?: number;
  /** Width of the hidden layers, default 64. */
  readonly hidden?: number;
  readonly hiddenLayers?: number;
  /** Default: `alternatingMasks`. */
  readonly masks?: Masks;
  /** K: one density per joint, told apart by a learned vector that all networks see. Points are then [..., K, D]. */
  readonly joints?: number;
  /** Length of that vector, default 8. */
  readonly embedding?: number;
  readonly base?: StandardDensity;
}

/**
 * A chain of couplings: each moves the coordinates where its mask is 0 by a monotone function, whose parameters a network
 * makes of the coordinates where it is 1 and, in a conditional flow, of the joint. Starts as the identity.
 */
export function couplingFlow(options: CouplingFlowOptions): Flow<CouplingFlowParams> {
  const { dims, couplings = 6, hidden = 64, hiddenLayers = 2, joints } = options;
  checkCounts('couplingFlow', { dims, couplings, hidden, hiddenLayers, joints: joints ?? 1 });
  const { masks = alternatingMasks(dims, couplings) } = options;
  checkMasks(masks, dims, couplings);
  const pointShape = joints === undefined ? [dims] : [joints, dims];
  return flowOver<CouplingFlowParams>(
    {
      pointShape,
      init: (rng, device) => initCouplings(rng, device, options, couplings),
      forward: (params, z) => move(params, z, masks, options, 'forward'),
      inverse: (params, x) => move(params, x, masks, options, 'inverse'),
    },
    options.base,
  );
}

function initCouplings(
  rng: Rng,
  device: Device,
  { dims, transform, hidden = 64, hiddenLayers = 2, joints, embedding = 8 }: CouplingFlowOptions,
  couplings: number,
): CouplingFlowParams {
  const seen = dims + (joints === undefined ? 0 : embedding);
  const outputs = dims * transform.count;
  const sizes = [seen, ...new Array<number>(hiddenLayers).fill(hidden), outputs];
  const nets = Array.from({ length: couplings }, () => ({
    ...mlp.init(rng, device, { sizes }),
    [2 * hiddenLayers]: {
      weight: device.zeros([outputs, sizes[hiddenLayers]]),
      bias: device.zeros([outputs]),
    },
  }));
  return joints === undefined ? { nets } : { nets, embedding: normal(rng, device, [joints, embedding], 1) };
}

function move(
  params: CouplingFlowParams,
  points: Tensor,
  masks: Masks,
  { dims, transform, joints }: CouplingFlowOptions,
  direction: 'forward' | 'inverse',
): Moved {
  const { shape } = points;
  if (shape.at(-1) !== dims || (joints !== undefined && shape.at(-2) !== joints)) {
    const wanted = joints === undefined ? `[..., ${dims}]` : `[..., ${joints}, ${dims}]`;
    throw new ShapeError(`couplingFlow: points must be ${wanted}, got ${formatShape(shape)}`);
  }
  const { embedding } = params;
  const leading = shape.slice(0, -1);
  const vectors = embedding && broadcastTo(embedding, { shape: [...leading, embedding.shape[1]] });
  const order = direction === 'forward' ? masks.keys() : [...masks.keys()].reverse();
  let at = points;
  let logSlopes: Tensor | undefined;
  for (const i of order) {
    const { pass, change } = deviceMask(points.device, masks[i]);
    const kept = mul(at, pass);
    const raw = mlp.apply(params.nets[i], vectors ? concat([kept, vectors], { axis: -1 }) : kept);
    const parameters = reshape(raw, { shape: [...shape, transform.count] });
    const [moved, logSlope] = transform[direction](at, parameters);
    at = add(kept, mul(moved, change));
    const counted = mul(logSlope, change);
    logSlopes = logSlopes ? add(logSlopes, counted) : counted;
  }
  return [at, sum(logSlopes as Tensor, { axes: [-1] })];
}
