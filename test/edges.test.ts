import { describe, expect, test } from 'vitest';
import { grad, vjp } from '../src/autograd/grad.js';
import * as k from '../src/kernels/index.js';
import { Rng } from '../src/tensor/rng.js';
import { BACKENDS } from './backends.js';
import { values } from './numbers.js';

const SEED = 20261129;
const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;

/** A random whole number below `n`. */
const below = (rng: Rng, n: number) => Math.floor(rng.uniform() * n);

describe.each(BACKENDS)('cast on $name', ({ open }) => {
  const BOUNDS = { int32: [-(2n ** 31n), 2n ** 31n - 1n], uint32: [0n, 2n ** 32n - 1n] } as const;

  /** The whole part by BigInt, the nearest bound beyond the range, 0 for NaN. */
  function expected(x: number, dtype: keyof typeof BOUNDS): number {
    const [least, most] = BOUNDS[dtype];
    if (Number.isNaN(x)) return 0;
    const whole = x === INF ? most : x === -INF ? least : BigInt(Math.trunc(x));
    return Number(whole < least ? least : whole > most ? most : whole);
  }

  test.each(['int32', 'uint32'] as const)('of any float32 to %s truncates and saturates, NaN is 0', async (dtype) => {
    const rng = new Rng(SEED);
    const near = [0, 0.5, 1, 2 ** 24, 2 ** 31, 2 ** 32].flatMap((x) => [x, -x]);
    const words = new Uint32Array(4096).map(() => below(rng, 2 ** 32));
    const neighbours = near.flatMap((x) => [-2, -1, 0, 1, 2].map((step) => neighbour(x, step)));
    const x = new Float32Array([...new Float32Array(words.buffer), ...neighbours, NAN, INF, -INF, 3e9, 5e9]);
    const got = await values(k.cast((await open()).tensor(x), { dtype }));
    expect(got).toEqual(Array.from(x, (value) => expected(value, dtype)));
  });

  test('between integers saturates too', async () => {
    const device = await open();
    const signed = device.tensor(Int32Array.of(-(2 ** 31), -1, 0, 2 ** 31 - 1));
    const natural = device.tensor(Uint32Array.of(0, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1));
    expect(await values(k.cast(signed, { dtype: 'uint32' }))).toEqual([0, 0, 0, 2 ** 31 - 1]);
    expect(await values(k.cast(natural, { dtype: 'int32' }))).toEqual([0, 2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1]);
  });
});

/** The float32 that is `step` away. */
function neighbour(x: number, step: number): number {
  const float = new Float32Array([x]);
  new Int32Array(float.buffer)[0] += step;
  return float[0];
}

describe.each(BACKENDS)('softmax and its kin on $name', ({ open }) => {
  // Rows that a subgroup, a workgroup and several dispatches reduce, along the last axis and the first.
  test.each([
    [37, 7, -1],
    [19, 64, -1],
    [2, 9000, -1],
    [9, 5000, -1],
    [300, 5, 0],
  ])('of [%i, %i] along axis %i: specials make NaN of their row, -infinity is probability 0', async (rows, n, axis) => {
    const rng = new Rng(SEED + rows);
    const shape = [rows, n];
    const special = [INF, NAN, -INF, -INF];
    const chance = [0, 0.4 / n, 0.9, 1];
    const [lines, length, step, stride] = axis === 0 ? [n, rows, 1, n] : [rows, n, n, 1];
    const x = new Float32Array(rows * n);
    const at = (line: number, i: number) => line * step + i * stride;
    for (let line = 0; line < lines; line++) {
      const kind = below(rng, special.length);
      const often = chance[below(rng, chance.length)];
      for (let i = 0; i < length; i++) {
        x[at(line, i)] = rng.uniform() < often ? special[kind] : 20 * rng.uniform() - 10;
      }
    }
    const device = await open();
    const input = device.tensor(x, shape);
    const [p, logP] = [await values(k.softmax(input, { axis })), await values(k.logSoftmax(input, { axis }))];
    const total = await values(k.logSumExp(input, { axes: axis }));
    for (let line = 0; line < lines; line++) {
      const of = (data: ArrayLike<number>) => Array.from({ length }, (_, i) => data[at(line, i)]);
      const row = of(x);
      const sum = row.reduce((s, v) => s + Math.exp(v), 0); // of 9,000 numbers up to e^10: nothing overflows in float64
      expectNear(total[line], Math.log(sum));
      const norm = Number.isFinite(Math.log(sum)) ? Math.log(sum) : NAN;
      for (const [i, v] of of(logP).entries()) expectNear(v, row[i] - norm);
      for (const [i, v] of of(p).entries()) expectNear(v, Math.exp(row[i] - norm));
    }
  });

  function expectNear(got: number, expected: number): void {
    if (Object.is(got, expected) || Math.abs(got - expected) <= 1e-5 * Math.max(1, Math.abs(expected))) return;
    expect(got).toBe(expected);
  }
});

describe.each(BACKENDS)('batchNorm on $name', ({ open }) => {
  const run = async (x: Float32Array, shape: readonly number[]) => {
    const device = await open();
    const C = shape[shape.length - 1];
    const of = (value: number) => device.tensor(new Float32Array(C).fill(value));
    const [y, mean, variance] = k.batchNorm(device.tensor(x, shape), of(1), of(0), of(0), of(1), { momentum: 1 });
    return [await values(y), await values(mean), await values(variance)];
  };

  // The square of a number beyond 1.8e19 is infinite in float32; what a constant differs from its mean by is not.
  test.each([2e19, -3e38, 3.4e38, 1e-30])('of a constant %d is 0, with variance 0', async (constant) => {
    for (const shape of [
      [2, 1],
      [7, 3],
      [1000, 4],
      [301, 5],
      [40, 41, 72],
    ]) {
      const size = shape.reduce((a, b) => a * b);
      const x = new Float32Array(size).fill(constant);
      const [y, mean, variance] = await run(x, shape);
      expect(y.every((v) => v === 0)).toBe(true);
      expect(variance.every((v) => v === 0)).toBe(true);
      for (const m of mean) expect(Math.abs(m / Math.fround(constant) - 1)).toBeLessThan(1e-6);
    }
  });
});

describe.each(BACKENDS)('where on $name', ({ open }) => {
  const positive = [4, 0.25];
  const others = [-1, 0];
  const x = [...positive, ...others];

  test('gives a cotangent of exactly 0 to what was not chosen', async () => {
    const device = await open();
    const condition = k.greater(device.tensor(x), 0);
    const choices = { a: device.tensor([NAN, 1, NAN, 2]), b: device.tensor([INF, 1, 3, -INF]) };
    const [, g] = vjp((c: typeof choices) => k.where(condition, c.a, c.b), choices, device.tensor([5, 6, 7, 8]));
    expect(await values(g.a)).toEqual([5, 6, 0, 0]);
    expect(await values(g.b)).toEqual([0, 0, 7, 8]);
  });

  test('which a derivative that is infinite or NaN turns into NaN, unless its operand was chosen too', async () => {
    const device = await open();
    const at = device.tensor(x);
    const rootOf = (safe: boolean) => (v: typeof at) => {
      const isPositive = k.greater(v, 0);
      return k.sum(k.where(isPositive, k.sqrt(safe ? k.where(isPositive, v, 1) : v), v));
    };
    expect(await values(grad(rootOf(false))(at))).toEqual([0.25, 1, NAN, NAN]);
    expect(await values(grad(rootOf(true))(at))).toEqual([0.25, 1, 1, 1]);
  });
});
