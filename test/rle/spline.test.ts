import { describe, expect, test } from 'vitest';
import { vjp } from '../../src/autograd/grad.js';
import { add, sum } from '../../src/kernels/index.js';
import { rationalQuadratic } from '../../src/rle/flows/rationalQuadratic.js';
import { Rng } from '../../src/tensor/rng.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { BACKENDS } from '../backends.js';
import { values } from '../numbers.js';

const SEED = 20261129;
const BOUND = 5;
/** As in the source: the least share of an extent and of a slope. */
const LEAST = 1e-3;
/** What float32 leaves open of a place in the support: two units in the last place of the bound for each extent that a knot sums. */
const blurOf = (bins: number) => 2 * (4 + bins) * 2 ** -21;

interface Knots {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly slopes: readonly number[];
}

const softplus = (v: number) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)));

/** Knots and slopes of one spline, in float64 from its parameters. */
function knotsOf(parameters: ArrayLike<number>, bins: number): Knots {
  const along = (from: number) => {
    const raw = Array.from({ length: bins }, (_, i) => parameters[from + i]);
    const most = Math.max(...raw);
    const all = raw.reduce((s, v) => s + Math.exp(v - most), 0);
    const knots = [-BOUND];
    for (const v of raw)
      knots.push(knots[knots.length - 1] + 2 * BOUND * (LEAST + (1 - bins * LEAST) * (Math.exp(v - most) / all)));
    knots[bins] = BOUND;
    return knots;
  };
  const inner = Array.from(
    { length: bins - 1 },
    (_, i) => LEAST + softplus(parameters[2 * bins + i] + Math.log(Math.expm1(1 - LEAST))),
  );
  return { x: along(0), y: along(bins), slopes: [1, ...inner, 1] };
}

/** Durkan et al. (2019), eq. 4 and 5, as they are printed; the identity outside. */
function forward(z: number, { x, y, slopes }: Knots): readonly [number, number] {
  if (Math.abs(z) > BOUND) return [z, 0];
  const k = Math.max(
    0,
    Math.min(
      x.findLastIndex((knot) => knot <= z),
      x.length - 2,
    ),
  );
  const s = (y[k + 1] - y[k]) / (x[k + 1] - x[k]);
  const [d, next] = [slopes[k], slopes[k + 1]];
  const xi = (z - x[k]) / (x[k + 1] - x[k]);
  const denominator = s + (next + d - 2 * s) * xi * (1 - xi);
  const moved = y[k] + ((y[k + 1] - y[k]) * (s * xi ** 2 + d * xi * (1 - xi))) / denominator;
  const slope = (s ** 2 * (next * xi ** 2 + 2 * s * xi * (1 - xi) + d * (1 - xi) ** 2)) / denominator ** 2;
  return [moved, Math.log(slope)];
}

/** The inverse by bisection. */
function inverse(x: number, knots: Knots): readonly [number, number] {
  if (Math.abs(x) > BOUND) return [x, 0];
  let [low, high] = [-BOUND, BOUND];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (forward(middle, knots)[0] < x) low = middle;
    else high = middle;
  }
  return [low, -forward(low, knots)[1]];
}

const DIRECTIONS = { forward, inverse };

/** The float32 that is `step` steps away, through zero too. */
function neighbour(x: number, step: number): number {
  const bits = new Int32Array(Float32Array.of(x).buffer)[0];
  const place = (bits < 0 ? -(bits & 0x7fffffff) : bits) + step;
  const moved = new Float32Array(Int32Array.of(Math.abs(place)).buffer)[0];
  return place < 0 ? -moved : moved;
}

/** Points within 4 units in the last place of a knot, of zero and of the bound, and random ones. */
function drawPoints(rng: Rng, knots: readonly number[]): number {
  const below = (n: number) => Math.floor(rng.uniform() * n);
  const kind = below(8);
  if (kind === 0) return Math.fround(BOUND * (2.2 * rng.uniform() - 1.1));
  const at = kind === 1 ? 0 : kind === 2 ? BOUND * (2 * below(2) - 1) : knots[below(knots.length)];
  return neighbour(at, below(9) - 4);
}

describe.each(BACKENDS)('rationalQuadratic on $name', ({ name, open }) => {
  test('the inverse beside a knot behind a steep piece', async () => {
    const device = await open();
    const spline = rationalQuadratic({ bins: 2 });
    // The slope there is 635: a unit in the last place of the operand moves the result by 3e-4.
    const [z, logSlope] = spline.inverse(device.tensor([-4.810497760772705]), {
      nets: device.tensor([1, 0, -4, 0, -8], [1, 5]),
    });
    expect((await values(z))[0]).toBeCloseTo(2.305878, 3);
    expect((await values(logSlope))[0]).toBeCloseTo(6.453783, 2);
  });

  test.each([2, 3, 8, 31])('with %i bins both ends of the support stay where they are', async (bins) => {
    const device = await open();
    const spline = rationalQuadratic({ bins });
    const rng = new Rng(SEED);
    const parameters = new Float32Array(64 * (3 * bins - 1)).map(() => 5 * rng.normal());
    const ends = Float32Array.from({ length: 64 }, (_, i) => (i % 2 === 0 ? BOUND : -BOUND));
    for (const direction of ['forward', 'inverse'] as const) {
      const [moved, logSlope] = spline[direction](device.tensor(ends), {
        nets: device.tensor(parameters, [64, 3 * bins - 1]),
      });
      expect(await values(moved)).toEqual(Array.from(ends));
      expect(Math.max(...(await values(logSlope)).map(Math.abs))).toBeLessThan(1e-5);
    }
  });

  test.each([
    ['forward', 2, 4],
    ['forward', 8, 2],
    ['forward', 21, 6],
    ['inverse', 2, 4],
    ['inverse', 8, 2],
    ['inverse', 21, 4],
  ] as const)(
    '%s with %i bins of spread %d at and beside knots, with finite gradients',
    async (direction, bins, spread) => {
      const blur = blurOf(bins);
      const N = name === 'reference' ? 500 : 2000;
      const device = await open();
      const spline = rationalQuadratic({ bins, bound: BOUND });
      const rng = new Rng(SEED + bins);
      const count = 3 * bins - 1;
      const parameters = new Float32Array(N * count).map(() => spread * rng.normal());
      const knots = Array.from({ length: N }, (_, i) => knotsOf(parameters.subarray(i * count, (i + 1) * count), bins));
      const at = Float32Array.from(knots, (k) => drawPoints(rng, direction === 'forward' ? k.x : k.y));
      const operands = { at: device.tensor(at), parameters: device.tensor(parameters, [N, count]) };
      const [moved, logSlope] = spline[direction](operands.at, { nets: operands.parameters });
      const [got, gotSlope] = [await values(moved), await values(logSlope)];
      const wrong: string[] = [];
      for (let i = 0; i < N; i++) {
        // What the formula gives within the blur of the place: near a knot, where it has a kink, the slope may change fast.
        const ownKnots = direction === 'forward' ? knots[i].x : knots[i].y;
        const places = Array.from({ length: 33 }, (_, step) => at[i] + (step / 16 - 1) * blur);
        places.push(...ownKnots.filter((knot) => Math.abs(knot - at[i]) <= blur));
        const isOutside = Math.abs(at[i]) > BOUND;
        const around = isOutside
          ? [[at[i], 0] as const]
          : places.map((v) => DIRECTIONS[direction](Math.min(Math.max(v, -BOUND), BOUND), knots[i]));
        const isNear = (v: number, k: 0 | 1, room: number) =>
          v >= Math.min(...around.map((a) => a[k])) - room && v <= Math.max(...around.map((a) => a[k])) + room;
        if (!isNear(got[i], 0, blur) || !isNear(gotSlope[i], 1, 2e-3)) {
          wrong.push(
            `${direction}(${at[i]}) = ${got[i]}, ${gotSlope[i]}; expected about ${around[around.length >> 1]}`,
          );
        }
      }
      expect(wrong).toEqual([]);
      const total = (o: typeof operands): Tensor => {
        const [y, l] = spline[direction](o.at, { nets: o.parameters });
        return add(sum(y), sum(l));
      };
      const [, gradient] = vjp(total, operands, device.scalar(1));
      for (const g of [gradient.at, gradient.parameters]) expect((await values(g)).every(Number.isFinite)).toBe(true);
    },
  );
});
