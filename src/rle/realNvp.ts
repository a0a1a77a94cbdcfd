import { concat } from '../kernels/layout/concat.js';
import { reshape } from '../kernels/layout/reshape.js';
import { slice } from '../kernels/layout/slice.js';
import { normal, xavierUniform } from '../nn/init.js';
import * as mlp from '../nn/mlp.js';
import type { Device } from '../tensor/backend.js';
import type { Rng } from '../tensor/rng.js';
import type { Tensor } from '../tensor/tensor.js';
import * as couplings from './couplings.js';
import { type CouplingOptions, dimsOf, type RealNvpParams } from './couplings.js';
import { flattenFlow, flowLogProb, flowMove } from './flowLogProb.js';
import { checkCounts } from './masks.js';
import { fusedAttrs, MOST_POINTS } from './selectFlow.js';

export { type CouplingOptions, dimsOf, type RealNvpParams } from './couplings.js';

export interface RealNvpShape {
  /** D, the number of coordinates. */
  readonly dims: number;
  readonly couplings?: number;
  /** Width of the hidden layers. */
  readonly hidden?: number;
  readonly hiddenLayers?: number;
  /**
   * `torch`: weights U(-1/sqrt(fanIn), 1/sqrt(fanIn)), what the official code runs with.
   * `xavier`: Xavier's uniform with gain 0.01, mmpose's; the flow starts near the identity.
   */
  readonly weights?: 'torch' | 'xavier';
}

/**
 * Parameters of a RealNVP over R^D (Dinh et al., 2017); by default the official RLE's: 53,784 numbers for D = 2.
 *
 * @throws ShapeError if a count is below 1 or not whole
 */
export function init(
  rng: Rng,
  device: Device,
  { dims, couplings = 6, hidden = 64, hiddenLayers = 2, weights = 'torch' }: RealNvpShape,
): RealNvpParams {
  checkCounts('realNvp', { dims, couplings, hidden, hiddenLayers });
  const sizes = [dims, ...new Array<number>(hiddenLayers).fill(hidden), dims];
  const weightInit: mlp.MlpOptions['weightInit'] =
    weights === 'xavier' ? (r, d, shape) => xavierUniform(r, d, shape, 0.01) : undefined;
  const nets = () => Array.from({ length: couplings }, () => mlp.init(rng, device, { sizes, weightInit }));
  return { t: nets(), s: nets() };
}

/**
 * Base to data, `x = f(z)`: for each coupling i = 0, 1, ... with mask m,
 *
 *     s = b tanh(S_i(m z)) (1 - m)        t = T_i(m z) (1 - m)
 *     z <- z exp(s) + t                   logDet += sum_d s_d
 *
 * which leaves coordinates with m = 1 as they are.
 *
 * @param z [..., D]
 * @returns x [..., D] and log |det dx/dz| [...]
 */
export function forward(params: RealNvpParams, z: Tensor, options?: CouplingOptions): [x: Tensor, logDet: Tensor] {
  return move(params, z, 'forward', options);
}

/**
 * Data to base, `z = f^-1(x)`: the couplings in reverse, each undone by
 *
 *     x <- (x - t) exp(-s)                logDet -= sum_d s_d
 *
 * @param x [..., D]
 * @returns z [..., D] and log |det dz/dx| [...]
 */
export function inverse(params: RealNvpParams, x: Tensor, options?: CouplingOptions): [z: Tensor, logDet: Tensor] {
  return move(params, x, 'inverse', options);
}

/**
 * Log-density of data, `log p(x) = log N(z; 0, I) + log |det dz/dx|`, z = f^-1(x).
 *
 * @param x [..., D]
 * @returns [...], in nats
 */
export function logProb(params: RealNvpParams, x: Tensor, options?: CouplingOptions): Tensor {
  const attrs = fusedAttrs(params, x, options);
  if (!attrs) return couplings.logProb(params, x, options);
  const flat = flattenFlow(params);
  const parts = inParts(x, attrs.dims).map((points) => flowLogProb(points, flat, attrs));
  return reshape(joined(parts), { shape: x.shape.slice(0, -1) });
}

/** `n` draws x = f(z), z ~ N(0, I): [n, D]. */
export function sample(params: RealNvpParams, n: number, rng: Rng, options?: CouplingOptions): Tensor {
  const z = normal(rng, params.t[0][0].weight.device, [n, dimsOf(params)], 1);
  return forward(params, z, options)[0];
}

function move(
  params: RealNvpParams,
  x: Tensor,
  map: 'forward' | 'inverse',
  options?: CouplingOptions,
): [moved: Tensor, logDet: Tensor] {
  const attrs = fusedAttrs(params, x, options);
  if (!attrs) return couplings.move(params, x, map, options);
  const flat = flattenFlow(params);
  const parts = inParts(x, attrs.dims).map((points) => flowMove(points, flat, { ...attrs, map }));
  const moved = joined(parts.map((part) => part[0]));
  const logDet = joined(parts.map((part) => part[1]));
  return [reshape(moved, { shape: x.shape }), reshape(logDet, { shape: x.shape.slice(0, -1) })];
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
