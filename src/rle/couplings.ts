import { ShapeError } from '../errors.js';
import { add, mul, sub } from '../kernels/elementwise/arithmetic.js';
import { exp, square, tanh } from '../kernels/elementwise/unary.js';
import { sum } from '../kernels/reduction/sum.js';
import * as mlp from '../nn/mlp.js';
import { formatShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { alternatingMasks, checkMasks, deviceMask, type Masks } from './masks.js';

/** One translation and one scale network per coupling, under the official code's names: `t.0.0.weight`, `s.5.4.bias`. */
export type RealNvpParams = { t: mlp.MlpParams[]; s: mlp.MlpParams[] };

/** What the parameters do not say; give the same to every call. */
export interface CouplingOptions {
  /** Default: `alternatingMasks`. */
  readonly masks?: Masks;
  /** Bound b of the log-scale: |s| < b in each coupling; 1 in the paper's code. */
  readonly scaleBound?: number;
}

/** `realNvp.forward` or `inverse` composed of ops: what the fused kernel is held against, and its second derivatives. */
export function move(
  params: RealNvpParams,
  points: Tensor,
  map: 'forward' | 'inverse',
  options?: CouplingOptions,
): [moved: Tensor, logDet: Tensor] {
  const [moved, logScale] = map === 'forward' ? apply(params, points, options) : undo(params, points, options);
  return [moved, sum(logScale, { axes: [-1] })];
}

/** `realNvp.logProb` composed of ops. */
export function logProb(params: RealNvpParams, x: Tensor, options?: CouplingOptions): Tensor {
  const [z, logScale] = undo(params, x, options);
  const perCoordinate = sub(logScale, mul(square(z), 0.5));
  return sub(sum(perCoordinate, { axes: [-1] }), (dimsOf(params) / 2) * Math.log(2 * Math.PI));
}

/** `f(z)` and, per coordinate, the sum of s over the couplings. */
function apply(params: RealNvpParams, z: Tensor, options?: CouplingOptions): [x: Tensor, logScale: Tensor] {
  let logScale: Tensor | undefined;
  let x = z;
  for (const coupling of couplingsOf(params, z, options)) {
    const { s, t } = coupling(x, 1);
    x = add(mul(x, exp(s)), t);
    logScale = logScale ? add(logScale, s) : s;
  }
  return [x, logScale as Tensor];
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
