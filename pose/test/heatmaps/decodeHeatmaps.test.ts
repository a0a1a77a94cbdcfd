import { describe, expect, test } from 'vitest';
import { Rng } from 'wgrad';
import { type DecodeOptions, decodeHeatmaps } from '../../src/heatmaps/decodeHeatmaps.js';

const [H, W] = [13, 10];

test('the peak and its neighbours find the centre of a Gaussian to a quarter of a pixel, and its height', () => {
  const rng = new Rng(4);
  const count = 50;
  const centres = Array.from({ length: count }, () => [1 + rng.uniform() * (W - 3), 1 + rng.uniform() * (H - 3)]);
  const maps = new Float64Array(H * W * count);
  for (let i = 0; i < maps.length; i++) {
    const [k, column, row] = [i % count, Math.floor(i / count) % W, Math.floor(i / count / W)];
    maps[i] = Math.exp(-((column - centres[k][0]) ** 2 + (row - centres[k][1]) ** 2) / 8);
  }
  const { joints, scores } = decodeHeatmaps(maps, [1, H, W, count]);
  centres.forEach(([u, v], k) => {
    expect(Math.abs((joints[2 * k] + 0.5) * W - 0.5 - u)).toBeLessThanOrEqual(0.25);
    expect(Math.abs((joints[2 * k + 1] + 0.5) * H - 0.5 - v)).toBeLessThanOrEqual(0.25);
    // The nearest pixel is at most half a pixel away in each direction.
    expect(scores[k]).toBeGreaterThanOrEqual(Math.exp(-0.5 / 8));
    expect(scores[k]).toBeLessThanOrEqual(1);
  });
});

describe('DARK', () => {
  const [rows, columns, count] = [40, 48, 60];

  /** Maps [1, rows, columns, count] of correlated Gaussians with the standard deviations 2 and `wide`, and their means. */
  function hills(wide: number, noise = 0) {
    const rng = new Rng(11);
    const hills = Array.from({ length: count }, () => ({
      u: 12 + rng.uniform() * (columns - 24),
      v: 12 + rng.uniform() * (rows - 24),
      turn: Math.PI * rng.uniform(),
    }));
    const maps = Float64Array.from({ length: rows * columns * count }, (_, i) => {
      const { u, v, turn } = hills[i % count];
      const [x, y] = [(Math.floor(i / count) % columns) - u, Math.floor(i / count / columns) - v];
      const along = (x * Math.cos(turn) + y * Math.sin(turn)) / wide;
      const across = (y * Math.cos(turn) - x * Math.sin(turn)) / 2;
      return 0.8 * Math.exp(-(along ** 2 + across ** 2) / 2) + noise * rng.uniform();
    });
    return { hills, maps };
  }

  /** The greatest distance from the means, in pixels along an axis. */
  function worst({ hills: means, maps }: ReturnType<typeof hills>, options: DecodeOptions): number {
    const { joints } = decodeHeatmaps(maps, [1, rows, columns, count], { ...options, pixel: 0 });
    const offs = means.flatMap(({ u, v }, k) => [
      (joints[2 * k] + 0.5) * columns - u,
      (joints[2 * k + 1] + 0.5) * rows - v,
    ]);
    return Math.max(...offs.map(Math.abs));
  }

  test('finds the mean of a Gaussian, round or slanted, to a thousandth of a pixel; the quarter does not', () => {
    for (const wide of [2, 2.6]) {
      expect(worst(hills(wide), { refine: 'dark' })).toBeLessThan(1e-3);
      expect(worst(hills(wide), {})).toBeGreaterThan(0.2);
    }
  });

  test('is what its formulas say, step by step over the whole map', () => {
    const { maps } = hills(2.3, 0.05);
    for (const kernel of [7, 11]) {
      const shape = [1, rows, columns, count];
      const { joints, scores } = decodeHeatmaps(maps, shape, { pixel: 0, refine: 'dark', kernel });
      for (let k = 0; k < count; k++) {
        const map = maps.filter((_, i) => i % count === k);
        const { u, v, height } = darkOf(map, columns, kernel);
        expect((joints[2 * k] + 0.5) * columns).toBeCloseTo(u, 9);
        expect((joints[2 * k + 1] + 0.5) * rows).toBeCloseTo(v, 9);
        expect(scores[k]).toBe(height);
      }
    }
  });

  test('leaves peaks at the rim, and where the map has no hill; UDP divides by distances of pixels', () => {
    const ridge = (k: number) => (k % 8 === 4 ? 1 : 0);
    const flat = Array.from({ length: 64 }, (_, i) => (Math.floor(i / 8) === 1 ? ridge(i) : 0));
    const rim = decodeHeatmaps(flat, [1, 8, 8, 1], { pixel: 0, refine: 'dark', udp: true });
    expect([...rim.joints]).toEqual([4 / 7 - 0.5, 1 / 7 - 0.5]);
    const none = decodeHeatmaps(new Float64Array(64).fill(-1), [1, 8, 8, 1], { pixel: 0, refine: 'dark' });
    expect([...none.joints]).toEqual([-0.5, -0.5]);
    expect(() => decodeHeatmaps(flat, [1, 8, 8, 1], { refine: 'dark', kernel: 4 })).toThrow(/kernel 4 is no odd/);
  });
});

test('a peak at the border stays, and the first of equal ones counts', () => {
  const maps = [0, 0, 3, 0, 0, 3];
  const { joints, scores } = decodeHeatmaps(maps, [1, 2, 3, 1], { pixel: 0 });
  expect([...joints]).toEqual([2 / 3 - 0.5, -0.5]);
  expect([...scores]).toEqual([3]);
  expect(() => decodeHeatmaps(maps, [1, 2, 2, 1])).toThrow(/got 6 for \[1, 2, 2, 1\]/);
});

/** DARK as its authors write it: the map padded with zeros and smoothed along both axes, scaled to its old height, its logarithm. */
function darkOf(map: Float64Array, columns: number, kernel: number) {
  const rows = map.length / columns;
  const reach = (kernel - 1) / 2;
  const sigma = 0.3 * ((kernel - 1) * 0.5 - 1) + 0.8;
  const raw = Array.from({ length: kernel }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma ** 2)));
  const mass = raw.reduce((a, b) => a + b);
  const smooth = (values: Float64Array, step: number, extent: number, place: (i: number) => number) =>
    values.map((_, i) =>
      raw.reduce((sum, w, t) => {
        const to = place(i) + t - reach;
        return to < 0 || to >= extent ? sum : sum + (w / mass) * values[i + (t - reach) * step];
      }, 0),
    );
  const once = smooth(map, 1, columns, (i) => i % columns);
  const twice = smooth(once, columns, rows, (i) => Math.floor(i / columns));
  const height = Math.max(...map);
  const top = Math.max(...twice);
  const L = (x: number, y: number) => Math.log(Math.max((twice[y * columns + x] * height) / top, 1e-10));
  const peak = map.indexOf(height);
  const [x, y] = [peak % columns, Math.floor(peak / columns)];
  const dx = 0.5 * (L(x + 1, y) - L(x - 1, y));
  const dy = 0.5 * (L(x, y + 1) - L(x, y - 1));
  const dxx = 0.25 * (L(x + 2, y) - 2 * L(x, y) + L(x - 2, y));
  const dxy = 0.25 * (L(x + 1, y + 1) - L(x + 1, y - 1) - L(x - 1, y + 1) + L(x - 1, y - 1));
  const dyy = 0.25 * (L(x, y + 2) - 2 * L(x, y) + L(x, y - 2));
  // Cramer's rule for H o = -g.
  const determinant = dxx * dyy - dxy * dxy;
  return {
    u: x + (-dx * dyy + dy * dxy) / determinant,
    v: y + (-dy * dxx + dx * dxy) / determinant,
    height,
  };
}
