import { ShapeError } from '../errors.js';
import { add, mul, sub } from '../kernels/binary.js';
import { sum } from '../kernels/reduce.js';
import { exp, square, tanh } from '../kernels/unary.js';
import { normal, xavierUniform } from '../nn/init.js';
import * as mlp from '../nn/mlp.js';
import type { Device } from '../tensor/backend.js';
import type { Rng } from '../tensor/rng.js';
import { formatShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { alternatingMasks, checkMasks, deviceMask, type Masks } from './masks.js';

/** One translation and one scale network per coupling, under the official code's names: `t.0.0.weight`, `s.5.4.bias`. */
export type RealNvpParams = { t: mlp.MlpParams[]; s: mlp.MlpParams[] };

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

/** What the parameters do not say; give the same to every call. */
export interface CouplingOptions {
  /** Default: `alternatingMasks`. */
  readonly masks?: Masks;
  /** Bound b of the log-scale: |s| < b in each coupling; 1 in the paper's code. */
  readonly scaleBound?: number;
}

/** Parameters of a RealNVP over R^D (Dinh et al., 2017); by default the official RLE's: 53,784 numbers for D = 2. */
export function init(
  rng: Rng,
  device: Device,
  { dims, couplings = 6, hidden = 64, hiddenLayers = 2, weights = 'torch' }: RealNvpShape,
): RealNvpParams {
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
  const couplings = couplingsOf(params, z, options);
  let logScale: Tensor | undefined;
  let x = z;
  for (const coupling of couplings) {
    const { s, t } = coupling(x, 1);
    x = add(mul(x, exp(s)), t);
    logScale = logScale ? add(logScale, s) : s;
  }
  return [x, sum(logScale as Tensor, { axes: [-1] })];
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
  const [z, logScale] = undo(params, x, options);
  return [z, sum(logScale, { axes: [-1] })];
}

/**
 * Log-density of data, `log p(x) = log N(z; 0, I) + log |det dz/dx|`, z = f^-1(x).
 *
 * @param x [..., D]
 * @returns [...], in nats
 */
export function logProb(params: RealNvpParams, x: Tensor, options?: CouplingOptions): Tensor {
  const [z, logScale] = undo(params, x, options);
  const perCoordinate = sub(logScale, mul(square(z), 0.5));
  return sub(sum(perCoordinate, { axes: [-1] }), (dimsOf(params) / 2) * Math.log(2 * Math.PI));
}

/** `n` draws x = f(z), z ~ N(0, I): [n, D]. */
export function sample(params: RealNvpParams, n: number, rng: Rng, options?: CouplingOptions): Tensor {
  const z = normal(rng, params.t[0][0].weight.device, [n, dimsOf(params)], 1);
  return forward(params, z, options)[0];
}

/** `f^-1(x)` and, per coordinate, the sum of -s over the couplings. */
function undo(params: RealNvpParams, x: Tensor, options?: CouplingOptions): [z: Tensor, logScale: Tensor] {
  const couplings = couplingsOf(params, x, options);
  let logScale: Tensor | undefined;
  let z = x;
  for (const coupling of couplings.reverse()) {
    const { s, t } = coupling(z, -1);
    z = mul(sub(z, t), exp(s));
    logScale = logScale ? add(logScale, s) : s;
  }
  return [z, logScale as Tensor];
}

/** Conditioned on a point: the translation and `sign` times the log-scale, both zero where the mask is one. */
type Coupling = (point: Tensor, sign: 1 | -1) => { readonly s: Tensor; readonly t: Tensor };

function couplingsOf(params: RealNvpParams, point: Tensor, options: CouplingOptions = {}): Coupling[] {
  const dims = dimsOf(params);
  const count = params.t.length;
  if (point.shape.at(-1) !== dims) {
    throw new ShapeError(
      `realNvp: the flow has ${dims} coordinates, the points are ${formatShape(point.shape)}; ` +
        'the last axis must hold the coordinates',
    );
  }
  const { masks = alternatingMasks(dims, count), scaleBound = 1 } = options;
  checkMasks(masks, dims, count);
  return masks.map((row, i) => (at, sign) => {
    const { pass, change } = deviceMask(at.device, row);
    const seen = mul(at, pass);
    const bounded = tanh(mlp.apply(params.s[i], seen));
    const scale = sign * scaleBound;
    const s = mul(scale === 1 ? bounded : mul(bounded, scale), change);
    return { s, t: mul(mlp.apply(params.t[i], seen), change) };
  });
}

/** D, the number of coordinates. */
export function dimsOf(params: RealNvpParams): number {
  return params.t[0][0].weight.shape[1];
}
