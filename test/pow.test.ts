import { describe, expect, test } from 'vitest';
import { pow } from '../src/kernels/index.js';
import { Rng } from '../src/tensor/rng.js';
import { BACKENDS } from './backends.js';

const N = 1 << 14;
const SEED = 20261129;
/** Below lie subnormals, which a device may take for 0. */
const LEAST_NORMAL = 2 ** -126;

/** Distance of neighbouring float32 where `y` lies. */
const spacing = (y: number) => 2 ** (Math.max(Math.floor(Math.log2(Math.abs(y))), -126) - 23);

async function powers(open: (typeof BACKENDS)[number]['open'], a: Float32Array, b: Float32Array) {
  const device = await open();
  return pow(device.tensor(a), device.tensor(b)).data();
}

/** Where random pairs are drawn: uniform in [0, 1) go in, base and exponent come out. */
const NEIGHBOURHOODS: readonly [string, (u: () => number) => readonly [number, number]][] = [
  ['any base, any finite result', (u) => withResult((1 + u()) * 2 ** (u() * 276 - 149), u() * 254 - 126)],
  ['bases near 1', (u) => withResult(1 + (u() - 0.5) * 2 ** (-23 * u()), u() * 254 - 126)],
  ['results near 1', (u) => withResult((1 + u()) * 2 ** (u() * 252 - 126), (u() - 0.5) * 2 ** (-20 * u()))],
  ['the edge of overflow', (u) => withResult(2 ** (u() * 200 - 100), 128 - u() * 1e-4)],
  ['subnormal bases', (u) => [(u() + 1e-7) * LEAST_NORMAL, 1.6 * u() - 0.8]],
  ['subnormal results', (u) => withResult(2 ** (u() * 200 - 100), -126 - 22 * u())],
  ['whole exponents', (u) => [20 * u() - 10, Math.floor(60 * u() - 30)]],
  ['large whole exponents', (u) => [1 + (u() - 0.5) * 2 ** -19, Math.floor(u() * 2 ** 24)]],
  ['square roots', (u) => [(1 + u()) * 2 ** (u() * 252 - 126), 0.5]],
  ['themselves', (u) => [(u() < 0.5 ? -1 : 1) * (1 + u()) * 2 ** (u() * 252 - 126), 1]],
];

function withResult(base: number, log2: number): readonly [number, number] {
  const a = Math.fround(base);
  return [a, a === 1 ? 3 : log2 / Math.log2(a)];
}

describe.each(BACKENDS)('pow on $name', ({ open }) => {
  test.each(NEIGHBOURHOODS)('%s: within 1 ulp, and exact where the result is a float32', async (_, draw) => {
    const rng = new Rng(SEED);
    const [a, b] = [new Float32Array(N), new Float32Array(N)];
    for (let i = 0; i < N; i++) [a[i], b[i]] = draw(() => rng.uniform());
    const y = await powers(open, a, b);
    let worst = 0;
    for (let i = 0; i < N; i++) {
      const exact = a[i] ** b[i];
      const rounded = Math.fround(exact);
      if (!Number.isFinite(rounded) || rounded === 0) continue; // random pairs rarely get there; the table below does
      if (Math.abs(rounded) < LEAST_NORMAL && y[i] === 0) continue;
      const error = Math.abs(y[i] - exact) / spacing(exact);
      if (rounded === exact) expect([a[i], b[i], y[i]]).toEqual([a[i], b[i], exact]);
      worst = error > worst || Number.isNaN(error) ? error : worst;
    }
    expect(worst).toBeLessThanOrEqual(1);
  });

  test('whole powers of whole numbers are exact as long as a float32 holds them, by BigInt', async () => {
    const pairs: [number, number, number][] = [];
    for (let base = -300; base <= 300; base++) {
      for (let exponent = 0; exponent <= 64; exponent++) {
        const power = BigInt(base) ** BigInt(exponent);
        const float = Math.fround(Number(power));
        if (Number.isFinite(float) && BigInt(float) === power) pairs.push([base, exponent, float]);
      }
    }
    for (const base of [4095, 4096, 4097, 65536, 2 ** 24 - 1, 2 ** 24]) pairs.push([base, 1, base], [1, base, 1]);
    pairs.push([-1, 2 ** 24 - 1, -1], [-1, 2 ** 24, 1], [1e10, 0.5, 1e5]);
    const [a, b] = [0, 1].map((k) => Float32Array.from(pairs, (pair) => pair[k]));
    expect(pairs.length).toBeGreaterThan(2000);
    expect(Array.from(await powers(open, a, b))).toEqual(pairs.map(([, , y]) => y));
  });
});
