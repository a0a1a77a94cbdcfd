import { ShapeError } from '../../errors.js';
import { leakyRelu, silu } from '../../kernels/elementwise/activation.js';
import { add, mul } from '../../kernels/elementwise/arithmetic.js';
import { concat } from '../../kernels/layout/concat.js';
import { reshape } from '../../kernels/layout/reshape.js';
import { broadcastTo, sum } from '../../kernels/reduction/sum.js';
import { normal, xavierUniform } from '../../nn/init.js';
import * as mlp from '../../nn/mlp.js';
import { namedTensors } from '../../nn/tree.js';
import { checkOptions, type Kinds } from '../../tensor/options.js';
import type { Rng } from '../../tensor/rng.js';
import { formatShape, type Shape, sameShape } from '../../tensor/shape.js';
import type { Device, Tensor } from '../../tensor/tensor.js';
import type { StandardDensity } from '../density.js';
import { type Flow, flowOver, type Moved } from './flow.js';
import { alternatingMasks, checkCounts, checkMasks, deviceMask, type Masks } from './masks.js';
import type { Transform, TransformParameters } from './transforms.js';

/**
 * Per parameter of the transform, one network per coupling; a conditional flow also has one vector per joint,
 * [K, embedding].
 */
export type CouplingFlowParams<Part extends string> = Record<Part, mlp.MlpParams[]> & { embedding?: Tensor };

/** Options of `couplingFlow`. */
export interface CouplingFlowOptions<Part extends string = string> {
  /** D. */
  readonly dims: number;
  /** What a coupling does to a coordinate: `additive`, `affine()`, `rationalQuadratic()`. */
  readonly transform: Transform<Part>;
  /** Default 6. */
  readonly couplings?: number;
  /** Width of the hidden layers, default 64. */
  readonly hidden?: number;
  /** Default 2. */
  readonly hiddenLayers?: number;
  /** Between the layers: a leaky ReLU of slope 0.01 (default), or YOLO26-pose's SiLU. */
  readonly activation?: 'leakyRelu' | 'silu';
  /** Default: `alternatingMasks`. */
  readonly masks?: Masks;
  /**
   * K: one density per joint. A learned vector per joint, which all networks read, distinguishes them; points are then
   * [..., K, D].
   */
  readonly joints?: number;
  /** Length of that vector, default 8. */
  readonly embedding?: number;
  /**
   * Weights to start from. `identity` (default): the networks' last layers are 0. `torch`: U(-1/sqrt(fanIn), 1/sqrt(fanIn)).
   * `xavier`: Xavier's uniform with gain 0.01, near the identity.
   */
  readonly weights?: 'identity' | 'torch' | 'xavier';
  readonly base?: StandardDensity;
}

const OPTIONS: Kinds<CouplingFlowOptions> = {
  dims: 'number',
  transform: 'record',
  couplings: 'number',
  hidden: 'number',
  hiddenLayers: 'number',
  activation: 'text',
  masks: 'numbers',
  joints: 'number',
  embedding: 'number',
  weights: 'text',
  base: ['text', 'record'],
};

const ACTIVATIONS = { leakyRelu, silu } as const;

/**
 * A chain of couplings. A coupling with mask m leaves the coordinates with m = 1 as they are, and moves those with
 * m = 0 by a monotone function. Networks compute the function's parameters from the coordinates that stay, `m z`, and,
 * in a conditional flow, from the joint:
 *
 *     z <- m z + (1 - m) f(z; N(m z)),      log |det| <- log |det| + sum_d (1 - m_d) log f'(z_d)
 *
 * The inverse uses the same networks, since the coordinates that they read have not changed.
 *
 * @throws ShapeError if a count is below 1 or not whole, or for an option there is not
 */
export function couplingFlow<Part extends string>(options: CouplingFlowOptions<Part>): Flow<CouplingFlowParams<Part>> {
  checkOptions('couplingFlow', OPTIONS, options);
  const { dims, couplings = 6, hidden = 64, hiddenLayers = 2, joints, masks, activation = 'leakyRelu' } = options;
  checkCounts('couplingFlow', { dims, couplings, hidden, hiddenLayers, joints: joints ?? 1 });
  checkMasks(masks ?? alternatingMasks(dims, couplings), dims, couplings);
  if (!Object.hasOwn(ACTIVATIONS, activation)) {
    throw new ShapeError(`flow: activation must be ${Object.keys(ACTIVATIONS).join(' or ')}, got '${activation}'`);
  }
  return flowOver<CouplingFlowParams<Part>>(
    {
      pointShape: joints === undefined ? [dims] : [joints, dims],
      init: (rng, device) => initCouplings(rng, device, options),
      forward: (params, z) => move(params, z, options, 'forward'),
      inverse: (params, x) => move(params, x, options, 'inverse'),
    },
    options.base,
  );
}

function initCouplings<Part extends string>(
  rng: Rng,
  device: Device,
  options: CouplingFlowOptions<Part>,
): CouplingFlowParams<Part> {
  const { dims, transform, couplings = 6, hiddenLayers = 2, joints, embedding = 8, weights = 'identity' } = options;
  const network = (count: number): mlp.MlpParams => {
    const sizes = networkSizes(options, count);
    const weightInit: mlp.MlpOptions['weightInit'] =
      weights === 'xavier' ? (r, d, shape) => xavierUniform(r, d, shape, 0.01) : undefined;
    const net = mlp.init(rng, device, { sizes, weightInit });
    if (weights !== 'identity') return net;
    const last = { weight: device.zeros([dims * count, sizes[hiddenLayers]]), bias: device.zeros([dims * count]) };
    return { ...net, [2 * hiddenLayers]: last };
  };
  const parts = Object.entries<number>(transform.parts);
  const nets = Object.fromEntries(
    parts.map(([part, count]) => [part, Array.from({ length: couplings }, () => network(count))]),
  ) as Record<Part, mlp.MlpParams[]>;
  return joints === undefined ? nets : { ...nets, embedding: normal(rng, device, [joints, embedding], 1) };
}

/** The numbers of features of a network, from what it reads to `count` numbers per coordinate. */
function networkSizes(
  { dims, hidden = 64, hiddenLayers = 2, joints, embedding = 8 }: CouplingFlowOptions,
  count: number,
): readonly number[] {
  const seen = dims + (joints === undefined ? 0 : embedding);
  return [seen, ...new Array<number>(hiddenLayers).fill(hidden), dims * count];
}

/**
 * @internal Refuses parameters that a flow of other options has made.
 *
 * @throws ShapeError that names the first one that differs, with both shapes
 */
export function checkCouplings<Part extends string>(
  params: CouplingFlowParams<Part>,
  options: CouplingFlowOptions<Part>,
): void {
  const { couplings = 6, transform, joints, embedding = 8 } = options;
  const wanted = new Map<string, Shape>(joints === undefined ? [] : [['embedding', [joints, embedding]]]);
  for (const [part, count] of Object.entries<number>(transform.parts)) {
    const sizes = networkSizes(options, count);
    for (let c = 0; c < couplings; c++) {
      for (let i = 0; i + 1 < sizes.length; i++) {
        wanted.set(`${part}.${c}.${2 * i}.weight`, [sizes[i + 1], sizes[i]]);
        wanted.set(`${part}.${c}.${2 * i}.bias`, [sizes[i + 1]]);
      }
    }
  }
  const given = namedTensors(params);
  for (const name of new Set([...wanted.keys(), ...given.keys()])) {
    const [want, got] = [wanted.get(name), given.get(name)?.shape];
    if (want && got && sameShape(want, got)) continue;
    const shown = (shape: Shape | undefined) => (shape ? formatShape(shape) : 'missing');
    throw new ShapeError(
      `flow: parameter ${name} is ${shown(got)}, expected ${shown(want)}; pass what the init of this flow has made`,
    );
  }
}

function move<Part extends string>(
  params: CouplingFlowParams<Part>,
  points: Tensor,
  options: CouplingFlowOptions<Part>,
  direction: 'forward' | 'inverse',
): Moved {
  const { dims, transform, joints, couplings = 6, masks = alternatingMasks(dims, couplings) } = options;
  const activation = ACTIVATIONS[options.activation ?? 'leakyRelu'];
  const { shape } = points;
  if (shape.at(-1) !== dims || (joints !== undefined && shape.at(-2) !== joints)) {
    const wanted = joints === undefined ? `[..., ${dims}]` : `[..., ${joints}, ${dims}]`;
    throw new ShapeError(`flow: points must be ${wanted}, got ${formatShape(shape)}`);
  }
  checkCouplings(params, options);
  const parts = Object.keys(transform.parts) as Part[];
  const { embedding }: { embedding?: Tensor } = params;
  const vectors = embedding && broadcastTo(embedding, { shape: [...shape.slice(0, -1), embedding.shape[1]] });
  const order = direction === 'forward' ? masks.keys() : [...masks.keys()].reverse();
  let at = points;
  let logSlopes: Tensor | undefined;
  for (const i of order) {
    const { pass, change } = deviceMask(points.device, masks[i]);
    const kept = mul(at, pass);
    const seen = vectors ? concat([kept, vectors], { axis: -1 }) : kept;
    const parameters = Object.fromEntries(
      parts.map((part) => {
        const raw = mlp.apply(params[part][i], seen, activation);
        const numbers = transform.parts[part];
        return [part, numbers === 1 ? raw : reshape(raw, { shape: [...shape, numbers] })];
      }),
    ) as TransformParameters<Part>;
    const [moved, logSlope] = transform[direction](at, parameters);
    at = add(kept, mul(moved, change));
    const counted = mul(logSlope, change);
    logSlopes = logSlopes ? add(logSlopes, counted) : counted;
  }
  return [at, sum(logSlopes as Tensor, { axes: [-1] })];
}
