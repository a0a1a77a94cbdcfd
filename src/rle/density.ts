import { ShapeError } from '../errors.js';
import { randomNormal, randomUniform } from '../kernels/creation/random.js';
import { maximum, mul, sub } from '../kernels/elementwise/arithmetic.js';
import { cos, expm1, log, log1p, sqrt } from '../kernels/elementwise/unary.js';
import { reshape } from '../kernels/layout/reshape.js';

import type { Rng } from '../tensor/rng.js';
import type { Shape } from '../tensor/shape.js';
import type { Device, Tensor } from '../tensor/tensor.js';
import type { Expression } from './formula/expression.js';
import * as of from './formula/expression.js';
import { evaluate } from './formula/jointwise.js';
import { logGamma } from './logGamma.js';

/**
 * A density of location 0 and scale 1 per coordinate, used as Q of a likelihood or as the base of a flow.
 * `{ studentT: nu }` and `laplace` have heavier tails than the normal density, so that an outlier costs less.
 */
export type StandardDensity = 'gaussian' | 'laplace' | 'logistic' | { readonly studentT: number };

/** A density `q(e) = exp(-cost(e) - logNorm)`. */
interface DensityForm {
  /** What the error costs, in nats: 0 at the peak. */
  cost(e: Expression): Expression;
  readonly logNorm: number;
  /** Standard deviation of each coordinate. */
  readonly std: number;
  /** Independent draws. */
  draw(rng: Rng, device: Device, shape: Shape): Tensor;
}

/** Half a step of the uniform numbers; it replaces a draw of zero. */
const HALF_STEP = 2 ** -25;

export const HALF_LOG_2PI = 0.5 * Math.log(2 * Math.PI);

/** `1 - u` lies in (0, 1], so that its logarithm is finite. */
const uniformAboveZero = (rng: Rng, device: Device, shape: Shape) => sub(1, randomUniform(device, rng, { shape }));

/** `-log q(e) = e^2 / 2 + log(2 pi) / 2`. */
const gaussian: DensityForm = {
  cost: (e) => of.mul(of.square(e), 0.5),
  logNorm: HALF_LOG_2PI,
  std: 1,
  draw: (rng, device, shape) => randomNormal(device, rng, { shape }),
};

/** `-log q(e) = |e| + log 2`; a draw is the difference of two exponentials. */
const laplace: DensityForm = {
  cost: (e) => of.abs(e),
  logNorm: Math.LN2,
  std: Math.SQRT2,
  draw: (rng, device, shape) =>
    sub(log(uniformAboveZero(rng, device, shape)), log(uniformAboveZero(rng, device, shape))),
};

/** `-log q(e) = |e| + 2 log(1 + exp(-|e|))`; the norm is `2 log 2` of it. */
const logistic: DensityForm = {
  cost: (e) => of.sub(of.add(of.abs(e), of.mul(of.softplus(of.neg(of.abs(e))), 2)), 2 * Math.LN2),
  logNorm: 2 * Math.LN2,
  std: Math.PI / Math.sqrt(3),
  draw(rng, device, shape) {
    const u = maximum(randomUniform(device, rng, { shape }), HALF_STEP);
    return sub(log(u), log1p(mul(u, -1)));
  },
};

/**
 * `-log q(e) = (nu + 1) / 2 log(1 + e^2 / nu) + log norm`; drawn in polar form, `sqrt(nu (u^(-2 / nu) - 1)) cos(2 pi v)`
 * (Bailey 1994).
 */
function studentT(nu: number): DensityForm {
  return {
    cost: (e) => of.mul(of.log1p(of.mul(of.square(e), 1 / nu)), (nu + 1) / 2),
    logNorm: logGamma(nu / 2) - logGamma((nu + 1) / 2) + 0.5 * Math.log(nu * Math.PI),
    std: nu > 2 ? Math.sqrt(nu / (nu - 2)) : Number.POSITIVE_INFINITY,
    draw(rng, device, shape) {
      const radius = sqrt(mul(expm1(mul(log(uniformAboveZero(rng, device, shape)), -2 / nu)), nu));
      return mul(radius, cos(mul(randomUniform(device, rng, { shape }), 2 * Math.PI)));
    },
  };
}

const FORMS = { gaussian, laplace, logistic } as const;

/**
 * The formulas of a density.
 * @throws ShapeError for an unknown density, or a Student-t without degrees of freedom
 */
export function densityForm(density: StandardDensity): DensityForm {
  if (typeof density === 'object' && density?.studentT > 0) return studentT(density.studentT);
  const form = typeof density === 'string' ? FORMS[density] : undefined;
  if (form) return form;
  throw new ShapeError(
    `density: expected 'gaussian', 'laplace', 'logistic' or { studentT: nu } with nu > 0, got ${nameOfDensity(density)}`,
  );
}

/** The name of a density in errors and in the names of kernels. */
export function nameOfDensity(density: StandardDensity): string {
  return typeof density === 'string' ? density : JSON.stringify(density);
}

/**
 * `-log q(e)` of each coordinate, in nats.
 * @throws ShapeError for an unknown density, or a Student-t without degrees of freedom
 */
export function standardNegLog(density: StandardDensity, e: Tensor): Tensor {
  const { cost, logNorm } = densityForm(density);
  const points = reshape(e, { shape: [e.size, 1, 1] });
  const [negLog] = evaluate('standardNegLog', `-log ${nameOfDensity(density)}`, { x: points }, {}, {}, ({ x }) => [
    [of.add(cost(x), logNorm), 'coordinate'],
  ]);
  return reshape(negLog, { shape: e.shape });
}

/** Independent draws from a density, on the device. */
export function drawStandard(density: StandardDensity, rng: Rng, device: Device, shape: Shape): Tensor {
  return densityForm(density).draw(rng, device, shape);
}

/** Standard deviation of each coordinate: infinite for a Student-t of up to 2 degrees of freedom. */
export function standardDeviation(density: StandardDensity): number {
  return densityForm(density).std;
}
