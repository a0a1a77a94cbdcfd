import { ShapeError } from '../errors.js';
import { randomNormal, randomUniform } from '../kernels/creation/random.js';
import { add, maximum, mul, sub } from '../kernels/elementwise/arithmetic.js';
import { abs, cos, expm1, log, log1p, softplus, sqrt, square } from '../kernels/elementwise/unary.js';
import type { Device } from '../tensor/backend.js';
import type { Rng } from '../tensor/rng.js';
import type { Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { gaussianNegLog, laplaceNegLog } from './density.js';
import { logGamma } from './logGamma.js';

/**
 * A density of location 0 and scale 1 per coordinate, as Q of a likelihood or as the base of a flow. With
 * `{ studentT: nu }` and with `laplace` the tails are heavier than the normal's, so that an outlier costs less.
 */
export type StandardDensity = 'gaussian' | 'laplace' | 'logistic' | { readonly studentT: number };

interface StandardForm {
  /** Standard deviation of each coordinate. */
  readonly std: number;
  /** `-log q(e)`, elementwise. */
  negLog(e: Tensor): Tensor;
  /** Independent draws. */
  draw(rng: Rng, device: Device, shape: Shape): Tensor;
}

/** Half a step of the uniforms: what zero stands for. */
const HALF_STEP = 2 ** -25;

/** `1 - u` lies in (0, 1], so that its logarithm is finite. */
const uniformAboveZero = (rng: Rng, device: Device, shape: Shape) => sub(1, randomUniform(device, rng, { shape }));

const gaussian: StandardForm = {
  std: 1,
  negLog: gaussianNegLog,
  draw: (rng, device, shape) => randomNormal(device, rng, { shape }),
};

/** A difference of two exponentials. */
const laplace: StandardForm = {
  std: Math.SQRT2,
  negLog: laplaceNegLog,
  draw: (rng, device, shape) =>
    sub(log(uniformAboveZero(rng, device, shape)), log(uniformAboveZero(rng, device, shape))),
};

/** `-log q(e) = |e| + 2 log(1 + exp(-|e|))`. */
const logistic: StandardForm = {
  std: Math.PI / Math.sqrt(3),
  negLog(e) {
    const size = abs(e);
    return add(size, mul(softplus(mul(size, -1)), 2));
  },
  draw(rng, device, shape) {
    const u = maximum(randomUniform(device, rng, { shape }), HALF_STEP);
    return sub(log(u), log1p(mul(u, -1)));
  },
};

/**
 * `-log q(e) = (nu + 1) / 2 log(1 + e^2 / nu) + log norm`; drawn in polar form, `sqrt(nu (u^(-2 / nu) - 1)) cos(2 pi v)`
 * (Bailey 1994).
 */
function studentT(nu: number): StandardForm {
  const logNorm = logGamma(nu / 2) - logGamma((nu + 1) / 2) + 0.5 * Math.log(nu * Math.PI);
  return {
    std: nu > 2 ? Math.sqrt(nu / (nu - 2)) : Number.POSITIVE_INFINITY,
    negLog: (e) => add(mul(log1p(mul(square(e), 1 / nu)), (nu + 1) / 2), logNorm),
    draw(rng, device, shape) {
      const radius = sqrt(mul(expm1(mul(log(uniformAboveZero(rng, device, shape)), -2 / nu)), nu));
      return mul(radius, cos(mul(randomUniform(device, rng, { shape }), 2 * Math.PI)));
    },
  };
}

const FORMS = { gaussian, laplace, logistic } as const;

function formOf(density: StandardDensity): StandardForm {
  if (typeof density === 'object' && density.studentT > 0) return studentT(density.studentT);
  const form = typeof density === 'string' ? FORMS[density] : undefined;
  if (form) return form;
  throw new ShapeError(
    `density: expected 'gaussian', 'laplace', 'logistic' or { studentT: nu } with nu > 0, got ${JSON.stringify(density)}`,
  );
}

/**
 * `-log q(e)` of each coordinate, in nats.
 * @throws ShapeError for a density that is none of these, or a Student-t without degrees of freedom
 */
export function standardNegLog(density: StandardDensity, e: Tensor): Tensor {
  return formOf(density).negLog(e);
}

/** Independent draws from a density, on the device. */
export function drawStandard(density: StandardDensity, rng: Rng, device: Device, shape: Shape): Tensor {
  return formOf(density).draw(rng, device, shape);
}

/** Standard deviation of each coordinate: infinite for a Student-t of up to 2 degrees of freedom. */
export function standardDeviation(density: StandardDensity): number {
  return formOf(density).std;
}
