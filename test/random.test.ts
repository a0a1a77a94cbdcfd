import { describe, expect, test } from 'vitest';
import { full } from '../src/kernels/creation/full.js';
import { randomNormal, randomUniform } from '../src/kernels/creation/random.js';
import { Rng } from '../src/tensor/rng.js';
import { BACKENDS } from './backends.js';
import { NORMAL_ABSOLUTE, REFERENCE_RELATIVE } from './tolerance.js';

const SEED = 4711;

describe.each(BACKENDS)('$name', ({ open, tolerance }) => {
  test('uniforms are those of the host, bit by bit', async () => {
    const device = await open();
    const [rng, host] = [new Rng(SEED), new Rng(SEED)];
    for (const shape of [[3, 5], [1031], []]) {
      const data = await randomUniform(device, rng, { shape }).data();
      expect(Array.from(data)).toEqual(Array.from(data, () => host.uniform()));
    }
  });

  test('the counter carries into its high word', async () => {
    const device = await open();
    const state = { key: new Rng(SEED).key, counter: 3 * 2 ** 32 - 2 };
    const host = Rng.from(state);
    const data = await randomUniform(device, Rng.from(state), { shape: [5] }).data();
    expect(Array.from(data)).toEqual(Array.from(data, () => host.uniform()));
  });

  test('normals are those of the host, and an odd one leaves nothing over', async () => {
    const device = await open();
    const [rng, host] = [new Rng(SEED), new Rng(SEED)];
    for (const shape of [[20_001], [7]]) {
      const data = await randomNormal(device, rng, { shape }).data();
      const wanted = Array.from(data, () => host.normal());
      host.reserve(0); // drops the spare
      const worst = wanted.reduce((error, z, i) => Math.max(error, Math.abs(z - data[i])), 0);
      expect(worst).toBeLessThan(tolerance(REFERENCE_RELATIVE, NORMAL_ABSOLUTE));
    }
    expect(rng.state).toEqual(host.state);
  });

  test('full fills every place of every dtype', async () => {
    const device = await open();
    expect(Array.from(await full(device, { shape: [2, 4], value: -1.5 }).data())).toEqual(new Array(8).fill(-1.5));
    expect(Array.from(await full(device, { shape: [3], value: -7, dtype: 'int32' }).data())).toEqual([-7, -7, -7]);
    expect(() => full(device, { shape: [0], value: 1 })).toThrow(/full: every extent must be an integer >= 1/);
  });
});

describe('a generator', () => {
  const SEEDS = [undefined, null, 'a', '7', 1.5, -1, Number.NaN, 2 ** 53];

  test.each(SEEDS)('refuses the seed %s', (seed) => {
    const got = typeof seed === 'string' ? `'${seed}'` : String(seed);
    expect(() => new Rng(seed as never)).toThrow(`Rng: seed must be an integer from 0 to 2^53 - 1, got ${got}`);
  });

  test.each([0, -1, 2.5, Number.NaN, 2 ** 32 + 1])('draws no integer below %s', (n) => {
    expect(() => new Rng(1).int(n)).toThrow(`Rng.int: n must be an integer from 1 to 2^32, got ${n}`);
  });

  test('draws integers below 1 and below 2^32, and permutes nothing', () => {
    expect(new Rng(1).int(1)).toBe(0);
    expect(new Rng(1).int(2 ** 32)).toBe(new Rng(1).uint32());
    expect(new Rng(1).permutation(0)).toHaveLength(0);
    for (const n of [-1, 1.5])
      expect(() => new Rng(1).permutation(n)).toThrow(/^Rng.permutation: n must be an integer/);
  });

  test.each([
    [{ key: [1, -1], counter: 0 }, /^Rng.from: key and counter must be an integer from 0 to 2\^53 - 1, got -1/],
    [
      { key: [1, 2], counter: Number.NaN },
      /^Rng.from: key and counter must be an integer from 0 to 2\^53 - 1, got NaN/,
    ],
  ])('goes on from no damaged state %#', (state, message) => {
    expect(() => Rng.from(state as never)).toThrow(message);
  });

  test.each(['a', 1.5, -1, 2 ** 32])('refuses the stream %s', (stream) => {
    expect(() => new Rng(1, stream as never)).toThrow(/^Rng: stream must be an integer from 0 to 2\^32 - 1, got /);
    expect(() => new Rng(1).split(stream as never)).toThrow(/^Rng.split: name must be an integer from 0 to 2\^32 - 1/);
  });

  test('takes the first and the last seed', () => {
    const keys = [0, 1, 2 ** 32, 2 ** 53 - 1].map((seed) => new Rng(seed).key.join());
    expect(new Set(keys).size).toBe(keys.length);
  });
});
