import { accumulate } from '../autograd/accumulate.js';
import { vjp } from '../autograd/grad.js';
import type { TensorSpec } from '../autograd/op.js';
import { DeviceError, GradcheckError, ShapeError } from '../errors.js';
import type { TypedArray } from '../tensor/backend.js';
import { Rng } from '../tensor/rng.js';
import { scope } from '../tensor/scope.js';
import { formatShape, isFloat, sizeOf } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { GRADCHECK_NOISE, GRADCHECK_STEP, GRADCHECK_TOLERANCE } from './tolerance.js';

/** A function of tensors to check; outputs that are no floats are left out. */
export type TensorFunction = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

/** Options of `gradcheck`. */
export interface GradcheckOptions {
  /** Picks the random directions. */
  readonly seed?: number;
  /** How many random directions per input (and for all inputs together). */
  readonly directions?: number;
  /** 2 also checks the gradient of the gradient. */
  readonly order?: 1 | 2;
  /** Error allowed, relative to the terms of the directional derivative. */
  readonly tolerance?: number;
}

/** What `gradcheck` found. */
export interface GradcheckReport {
  /** Directional derivatives compared. */
  readonly checks: number;
  /** The largest error as a share of what is allowed. */
  readonly worst: number;
}

type ListFunction = (inputs: Tensor[]) => Tensor[];

/**
 * Compares gradients from the tape with central differences: for random `r` and `v`, `<grad L, v>` against
 * `(L(x + h v) - L(x - h v)) / 2h` with `L(x) = <f(x), r>`, by a five-point stencil in float64.
 *
 * Every input and output passes through a copy. So if a VJP reads a tensor that its op does not keep, it gets a
 * DisposedError.
 *
 * @param f differentiable around the inputs: no kink nearer than 2e-4.
 * @param inputs on the cpu() device; integer inputs are held constant.
 * @throws GradcheckError at the first disagreement: input, direction, both values, their ratio (2, -1 and 1/N are the
 *   usual bugs) and the seed.
 */
export async function gradcheck(
  f: TensorFunction,
  inputs: readonly Tensor[],
  { seed = 0, directions = 2, order = 1, tolerance = GRADCHECK_TOLERANCE }: GradcheckOptions = {},
): Promise<GradcheckReport> {
  for (const x of inputs) {
    if (x.device.capabilities.tier !== 'reference') {
      throw new DeviceError(`gradcheck: differences need float64, got ${x}; make the inputs on cpu()`);
    }
  }
  const variables = inputs.filter(isFloat);
  if (variables.length === 0) throw new ShapeError('gradcheck: no input is a float, so there is no gradient to check');
  const g: ListFunction = (xs) => {
    let i = 0;
    const y = f(...inputs.map((x) => (isFloat(x) ? xs[i++] : x)));
    return (y instanceof Tensor ? [y] : [...y]).filter(isFloat);
  };
  const positions = inputs.flatMap((x, i) => (isFloat(x) ? [`input ${i}`] : []));
  const checker = new Checker(seed, directions, tolerance);
  const outputs = await checker.check(isolated(g), variables, positions, 1);
  if (order === 2) {
    const n = variables.length;
    const cotangents = outputs.map(({ shape, dtype }) =>
      variables[0].device.tensor(checker.direction(sizeOf(shape)), shape, dtype),
    );
    const gradient: ListFunction = (xs) => vjp(isolated(g), xs.slice(0, n), xs.slice(n))[1];
    const names = [...positions, ...outputs.map((_, i) => `cotangent ${i}`)];
    await checker.check(isolated(gradient), [...variables, ...cotangents], names, 2);
  }
  return { checks: checker.checks, worst: checker.worst };
}

/** `f` between copies, so that no tensor which it reads or returns is kept alive by anything but its own `keep`. */
function isolated(f: ListFunction): ListFunction {
  const copy = (x: Tensor) => accumulate(x, x.device.zeros(x.shape, x.dtype));
  return (xs) => f(xs.map(copy)).map(copy);
}

class Checker {
  checks = 0;
  worst = 0;
  readonly #rng: Rng;
  readonly #seed: number;
  readonly #directions: number;
  readonly #tolerance: number;

  constructor(seed: number, directions: number, tolerance: number) {
    this.#rng = new Rng(seed);
    this.#seed = seed;
    this.#directions = directions;
    this.#tolerance = tolerance;
  }

  /** Components of either sign in [0.5, 1], so that each of them counts. */
  direction(size: number): Float64Array {
    const component = () => (this.#rng.uniform() < 0.5 ? -1 : 1) * (0.5 + 0.5 * this.#rng.uniform());
    return Float64Array.from({ length: size }, component);
  }

  /** Checks the gradient of `f` at `xs`; returns the shapes of its outputs. */
  async check(f: ListFunction, xs: readonly Tensor[], names: readonly string[], order: 1 | 2): Promise<TensorSpec[]> {
    const { device } = xs[0];
    const at = await valuesOf(xs);
    const probe = scope(() => f([...xs]));
    const specs = probe.map(({ shape, dtype }) => ({ shape, dtype }));
    if (specs.length === 0) throw new ShapeError('gradcheck: the function has no float output to differentiate');
    const ys = await take(probe);
    for (let d = 0; d < this.#directions; d++) {
      const rs = specs.map(({ shape }) => this.direction(sizeOf(shape)));
      const cotangents = rs.map((r, j) => device.tensor(r, specs[j].shape, specs[j].dtype));
      const [value, gradient] = vjp(f, [...xs], cotangents);
      const gs = await take(gradient);
      for (const t of [...value, ...cotangents]) t.dispose();
      const floor = GRADCHECK_NOISE * magnitude(ys.map(atLeastOne), rs);
      const vs = xs.map((x) => this.direction(x.size));
      // Every input alone, then all of them at once.
      for (let i = 0; i <= (xs.length > 1 ? xs.length : 0); i++) {
        const together = i === xs.length;
        const v = vs.map((direction, k) => (together || k === i ? direction : new Float64Array(direction.length)));
        const moved = (t: number) =>
          scope(() => f(xs.map((x, k) => device.tensor(step(at[k], v[k], t), x.shape, x.dtype))));
        const stencil = await Promise.all([1, -1, 2, -2].map((k) => take(moved(k * GRADCHECK_STEP))));
        const where = together ? 'all inputs' : `${names[i]} ${formatShape(xs[i].shape)}`;
        const sizes = [...xs.map((x) => x.size), ...ys.map((y) => y.length)];
        this.#compare(
          {
            analytic: dot(gs, v),
            numeric: derivative(stencil, rs),
            allowed: this.#tolerance * magnitude(gs, v) + floor,
          },
          `order ${order}, ${where}, direction ${d}`,
          sizes,
        );
      }
    }
    return specs;
  }

  #compare(
    { analytic, numeric, allowed }: { analytic: number; numeric: number; allowed: number },
    where: string,
    sizes: readonly number[],
  ): void {
    this.checks++;
    const error = Math.abs(analytic - numeric);
    if (error <= allowed) {
      if (error > 0) this.worst = Math.max(this.worst, error / allowed);
      return;
    }
    const ratio = analytic / numeric;
    throw new GradcheckError(
      `gradcheck: ${where}: analytic ${analytic}, numeric ${numeric}, ratio ${ratio.toPrecision(6)}` +
        `${hint(ratio, sizes)}; seed ${this.#seed}`,
    );
  }
}

function hint(ratio: number, sizes: readonly number[]): string {
  const near = (x: number) => Math.abs(ratio - x) <= 1e-3 * Math.abs(x);
  if (Number.isNaN(ratio)) return ' (a value is not finite)';
  if (near(-1)) return ' (the sign is wrong)';
  if (near(2) || near(0.5)) return ' (a factor of 2 is wrong)';
  if (ratio === 0) return ' (the gradient is missing)';
  const n = sizes.find((size) => size > 1 && (near(size) || near(1 / size)));
  return n ? ` (a factor of ${n} is wrong: a mean for a sum, or the reverse)` : '';
}

function valuesOf(tensors: readonly Tensor[]): Promise<TypedArray[]> {
  return Promise.all(tensors.map((t) => t.data()));
}

async function take(tensors: readonly Tensor[]): Promise<TypedArray[]> {
  const values = await valuesOf(tensors);
  for (const t of tensors) t.dispose();
  return values;
}

function step(x: TypedArray, v: Float64Array, t: number): Float64Array {
  return Float64Array.from(x, (value, i) => value + t * v[i]);
}

/** `d<f, r>/dt`. Differences are taken before the projection, where equal values cancel exactly. */
function derivative([p1, m1, p2, m2]: readonly TypedArray[][], rs: readonly Float64Array[]): number {
  let sum = 0;
  rs.forEach((r, j) => {
    for (let i = 0; i < r.length; i++) sum += r[i] * (8 * (p1[j][i] - m1[j][i]) - (p2[j][i] - m2[j][i]));
  });
  return sum / (12 * GRADCHECK_STEP);
}

function dot(a: readonly TypedArray[], b: readonly Float64Array[]): number {
  let sum = 0;
  for (const [k, x] of a.entries()) for (let i = 0; i < x.length; i++) sum += x[i] * b[k][i];
  return sum;
}

/** Outputs below 1 count as 1: they may be small differences of terms of order 1, and round as those do. */
function atLeastOne(y: TypedArray): Float64Array {
  return Float64Array.from(y, (value) => Math.max(Math.abs(value), 1));
}

function magnitude(a: readonly TypedArray[], b: readonly Float64Array[]): number {
  let sum = 0;
  for (const [k, x] of a.entries()) for (let i = 0; i < x.length; i++) sum += Math.abs(x[i] * b[k][i]);
  return sum;
}
