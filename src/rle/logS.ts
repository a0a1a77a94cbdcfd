import { ShapeError } from '../errors.js';
import { randomUniform } from '../kernels/creation/random.js';
import { add, mul, neg, sub } from '../kernels/elementwise/arithmetic.js';
import { logSumExp } from '../kernels/reduction/logSumExp.js';
import { broadcastTo, sum } from '../kernels/reduction/sum.js';

import type { Rng } from '../tensor/rng.js';
import type { Device, Tensor } from '../tensor/tensor.js';
import { drawStandard, type StandardDensity, standardNegLog } from './density.js';
import type { Flow } from './flows/flow.js';

/** How the integral of G Q is estimated. */
export type LogSMethod = 'importance' | 'jitteredGrid';

/** Options of `logSNodes`. */
export interface LogSOptions {
  /** The generator of draws and shifts; each call takes new numbers. */
  readonly rng: Rng;
  /** Default `laplace`. */
  readonly q?: StandardDensity;
  /** Draws from Q for `importance`, default 4096. */
  readonly samples?: number;
  /** The grid covers [-reach, reach] per axis, default 7. */
  readonly reach?: number;
  /** Default 57, a step of a quarter. */
  readonly pointsPerAxis?: number;
}

/** Where the integral is evaluated. */
export type LogSNodes = {
  /** [n, ...pointShape]. */
  readonly points: Tensor;
  /** Logarithms of the points' weights, [] or [n, ...]. */
  readonly logWeight: Tensor;
  /** Of a `mixedFlow`: where the integral of its flow in the plane is evaluated. */
  readonly plane?: LogSNodes;
};

const METHODS = { importance, jitteredGrid };

/** With more nodes than this, a grid is no practical way to integrate. */
const MOST_NODES = 2 ** 18;

/**
 * `log s = -log integral of G(x) Q(x) dx`, estimated by `-log sum_j w_j G(x_j)` over nodes; it makes s Q G a density
 * (Li et al., 2021, eq. 8; no public code has it). It depends only on the flow.
 *
 * @param nodes new ones in each step: a flow could hide mass between nodes that stay where they are
 * @returns [], or [K] for a flow with a density per joint
 */
export function logS<P>(flow: Flow<P>, params: P, { points, logWeight }: LogSNodes): Tensor {
  return neg(logSumExp(add(flow.logProb(params, points), logWeight), { axes: [0] }));
}

/**
 * Nodes for `logS`. `importance`: draws from Q, each of weight 1 / n. `jitteredGrid`: a grid of step h, shifted as a whole
 * by U(-h/2, h/2) per axis, weights Q h^D; exact for smooth densities within its reach.
 *
 * @throws ShapeError if the grid would have more than 262,144 nodes, or for another method
 */
export function logSNodes<P>(method: LogSMethod, flow: Flow<P>, device: Device, options: LogSOptions): LogSNodes {
  checkMethod('logSNodes: method', method, '');
  const nodes = METHODS[method](flow, device, options);
  return flow.plane ? { ...nodes, plane: logSNodes(method, flow.plane, device, options) } : nodes;
}

/**
 * The log s of a likelihood: from nodes that were drawn before, or from nodes drawn now; undefined for `none`.
 * @throws ShapeError where nodes are to be drawn without `rng`, or by a method there is not
 */
export function logNormaliser<P>(
  flow: Flow<P>,
  params: P,
  device: Device,
  { logS: asked = 'none', rng, ...options }: Partial<LogSOptions> & { readonly logS?: 'none' | LogSMethod | LogSNodes },
): Tensor | undefined {
  if (asked === 'none') return undefined;
  if (typeof asked === 'object' && asked?.points) return logS(flow, params, asked);
  checkMethod('rle: logS', asked, 'none, ');
  if (!rng) throw new ShapeError(`rle: logS '${asked}' draws at random; pass rng, a generator of its own`);
  return logS(flow, params, logSNodes(asked, flow, device, { ...options, rng }));
}

function checkMethod(what: string, method: unknown, others: string): asserts method is LogSMethod {
  if (typeof method === 'string' && Object.hasOwn(METHODS, method)) return;
  const got = typeof method === 'string' ? `'${method}'` : String(method);
  throw new ShapeError(`${what} must be ${others}${Object.keys(METHODS).join(' or ')}, got ${got}`);
}

function importance<P>(
  { pointShape }: Flow<P>,
  device: Device,
  { rng, q = 'laplace', samples = 4096 }: LogSOptions,
): LogSNodes {
  if (!(Number.isInteger(samples) && samples > 0)) {
    throw new ShapeError(`logS: wants a whole number of samples above 0, got ${samples}`);
  }
  return {
    points: drawStandard(q, rng, device, [samples, ...pointShape]),
    logWeight: device.scalar(-Math.log(samples)),
  };
}

function jitteredGrid<P>(
  { pointShape }: Flow<P>,
  device: Device,
  { rng, q = 'laplace', reach = 7, pointsPerAxis = 57 }: LogSOptions,
): LogSNodes {
  const dims = pointShape[pointShape.length - 1];
  const nodes = pointsPerAxis ** dims;
  if (!(pointsPerAxis > 1 && reach > 0 && nodes <= MOST_NODES)) {
    throw new ShapeError(
      `logS: a grid of ${pointsPerAxis} points on each of ${dims} axes up to ${reach} is not possible (at most ` +
        `${MOST_NODES} nodes, at least 2 per axis, a reach above 0); for many coordinates take 'importance'`,
    );
  }
  const step = (2 * reach) / (pointsPerAxis - 1);
  const grid = Float32Array.from({ length: nodes * dims }, (_, i) => {
    const along = Math.floor(Math.floor(i / dims) / pointsPerAxis ** (i % dims)) % pointsPerAxis;
    return along * step - reach;
  });
  const corners = device.tensor(grid, [nodes, ...pointShape.slice(1).map(() => 1), dims]);
  const shift = mul(sub(randomUniform(device, rng, { shape: [dims] }), 0.5), step);
  const points = broadcastTo(add(corners, shift), { shape: [nodes, ...pointShape] });
  const logQ = neg(sum(standardNegLog(q, points), { axes: [-1] }));
  return { points, logWeight: add(logQ, dims * Math.log(step)) };
}
