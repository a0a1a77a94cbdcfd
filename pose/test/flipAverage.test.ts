import { describe, expect, test } from 'vitest';
import { type FlipMaps, flipAverage, flipAverageMaps } from '../src/flipAverage.js';
import { posesOf } from '../src/networkAnswer.js';

/** Joint 0 is in the middle, 1 and 2 are left and right. */
const order = Uint32Array.of(0, 2, 1);

test('a mirrored answer counts as its mirror image: x changes its sign, left and right swap, by pose', () => {
  const mu = Float64Array.of(0.1, 0.2, 0.3, 0.4, -0.5, 0.6, 1, 2, 3, 4, 5, 6);
  const mirrored = Float64Array.of(-0.1, 0.2, 0.5, 0.6, -0.3, 0.4, -1, 2, -5, 6, -3, 4);
  expect(flipAverage({ mu }, { mu: mirrored }, order)).toEqual({ mu, sigma: undefined, dims: 2 });
});

test('in 3-D depths are the same in a mirror, and follow their joints', () => {
  const mu = Float64Array.of(0.1, 0.2, 0, 0.3, 0.4, 0.7, -0.5, 0.6, -0.8);
  const mirrored = Float64Array.of(-0.1, 0.2, 0, 0.5, 0.6, -0.8, -0.3, 0.4, 0.7);
  const sigma = mu.map((_, i) => i + 1);
  const turned = Float64Array.of(1, 2, 3, 7, 8, 9, 4, 5, 6);
  expect(flipAverage({ mu, sigma, dims: 3 }, { mu: mirrored, sigma: turned, dims: 3 }, order)).toEqual({
    ...{ mu, sigma, dims: 3 },
  });
  const { confidence } = posesOf({ mu, sigma: sigma.map((s) => s / 10), dims: 3 }, undefined, order);
  // 1 - the mean of all three.
  expect(Array.from(confidence ?? [])).toEqual([0.8, 0.5, 0.2].map((c) => expect.closeTo(c, 12)));
});

test('averages, and sigmas follow their joints without a sign', () => {
  const upright = { mu: new Float64Array(6), sigma: Float64Array.of(1, 2, 3, 4, 5, 6) };
  const mirrored = { mu: Float64Array.of(1, 1, 0, 0, 0, 0), sigma: Float64Array.of(1, 2, 5, 6, 7, 8) };
  expect(flipAverage(upright, mirrored, order)).toEqual({
    mu: Float64Array.of(-0.5, 0.5, 0, 0, 0, 0),
    sigma: Float64Array.of(1, 2, 5, 6, 5, 6),
    dims: 2,
  });
});

type Reading = { readonly pixel: number; readonly udp: boolean };

/** Maps [1, 6, 8, 3] with a bell of height h about (x, y) in crop units for each joint. */
function bells(joints: readonly (readonly [x: number, y: number, h: number])[], { pixel, udp }: Reading): FlipMaps {
  const shape = [1, 6, 8, 3];
  const maps = Float64Array.from({ length: 6 * 8 * 3 }, (_, i) => {
    const [x, y, h] = joints[i % 3];
    const [u, v] = [(x + 0.5) * (udp ? 7 : 8) - pixel, (y + 0.5) * (udp ? 5 : 6) - pixel];
    const [column, row] = [Math.floor(i / 3) % 8, Math.floor(i / 24)];
    return h * Math.exp(-((column - u) ** 2 + (row - v) ** 2) / 2);
  });
  return { maps, shape };
}

describe.each<Reading>([
  { pixel: 0.5, udp: false },
  { pixel: 0, udp: false },
  { pixel: 0, udp: true },
])('heatmaps whose pixels lie at $pixel, UDP $udp', (reading) => {
  const { pixel, udp } = reading;
  // Places of whole pixels, apart from the rim.
  const at = (column: number, row: number, h = 1) =>
    [(column + pixel) / (udp ? 7 : 8) - 0.5, (row + pixel) / (udp ? 5 : 6) - 0.5, h] as const;
  const joints = [at(3, 2), at(5, 4, 0.9), at(2, 3, 0.8)];
  const mirrored = [joints[0], joints[2], joints[1]].map(([x, y, h]) => [-x, y, h] as const);

  test('those of the mirror image are turned back, and change joints', () => {
    const upright = bells(joints, reading);
    const { maps } = flipAverageMaps(upright, bells(mirrored, reading), order, reading);
    // The first column of a map whose pixels are not in their middle has no counterpart, but for UDP.
    const compared = (values: Float64Array) => values.filter((_, i) => udp || Math.floor(i / 3) % 8 > 0);
    expect(compared(maps).map((value) => Math.round(value * 1e12))).toEqual(
      compared(upright.maps).map((value) => Math.round(value * 1e12)),
    );
    const { mu, confidence } = posesOf(upright, bells(mirrored, reading), order, reading);
    joints.forEach(([x, y, h], k) => {
      expect([mu[2 * k], mu[2 * k + 1], confidence?.[k]].map((v) => v?.toFixed(9))).toEqual(
        [x, y, h].map((v) => v.toFixed(9)),
      );
    });
  });

  test('where both disagree the higher peak wins, at half its height', () => {
    const elsewhere = [at(7, 0, 0.5), mirrored[1], mirrored[2]];
    const { mu, confidence } = posesOf(bells(joints, reading), bells(elsewhere, reading), order, reading);
    // The neighbours differ by what the other peak adds, which moves it by a quarter of a pixel; their middle is a whole one off.
    expect(Math.abs(mu[0] - joints[0][0]) * (udp ? 7 : 8)).toBeLessThan(0.26);
    expect(Math.abs(mu[1] - joints[0][1]) * (udp ? 5 : 6)).toBeLessThan(0.26);
    expect(confidence?.[0]).toBeCloseTo(0.5, 1);
  });
});

test('pixels at 0: turned back is what SimpleBaseline shifts by a pixel', () => {
  const upright = { maps: new Float64Array(8), shape: [1, 1, 8, 1] };
  const mirrored = { maps: Float64Array.from({ length: 8 }, (_, i) => i + 1), shape: [1, 1, 8, 1] };
  const reversed = [...mirrored.maps].reverse();
  // output_flipped[:, :, :, 1:] = output_flipped[:, :, :, 0:-1]
  const shifted = reversed.map((_, i) => reversed[Math.max(0, i - 1)]);
  expect([...flipAverageMaps(upright, mirrored, Uint32Array.of(0), { pixel: 0 }).maps]).toEqual(
    shifted.map((v) => v / 2),
  );
});

test('without heatmaps the confidence is one minus the mean sigma, or nothing', () => {
  const mu = new Float64Array(6);
  const sigma = Float64Array.of(0.1, 0.3, 0.5, 0.5, 0, 0.2);
  expect(posesOf({ mu, sigma }, undefined, order).confidence).toEqual(Float64Array.of(0.8, 0.5, 0.9));
  expect(posesOf({ mu }, undefined, order).confidence).toBeUndefined();
});
