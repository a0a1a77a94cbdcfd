import { describe, expect, test } from 'vitest';
import { ShapeError } from '../../src/errors.js';
import { drawStandard, type StandardDensity, standardNegLog } from '../../src/rle/density.js';
import { logGamma } from '../../src/rle/logGamma.js';
import { Rng } from '../../src/tensor/rng.js';
import { gradcheck } from '../../src/testing/gradcheck.js';
import { BACKENDS } from '../backends.js';
import { expectClose, values } from '../numbers.js';
import { GPU_LOG_PROB } from '../tolerance.js';
import { reference } from './randomised.js';

const DENSITIES: readonly StandardDensity[] = ['gaussian', 'laplace', 'logistic', { studentT: 4 }, { studentT: 1 }];

describe.each(DENSITIES.map((density) => [JSON.stringify(density), density] as const))('%s', (_, density) => {
  test('integrates to one', async () => {
    const n = 4000;
    const angles = Float64Array.from({ length: n }, (_, i) => Math.PI * ((2 * i + 1) / n - 1));
    const at = reference.tensor(angles.map((a) => 2 * Math.tan(a / 2)));
    const mass = (await values(standardNegLog(density, at))).reduce(
      (sum, l, i) => sum + (Math.exp(-l) * 2 * Math.PI) / n / Math.cos(angles[i] / 2) ** 2,
      0,
    );
    expect(mass).toBeCloseTo(1, 5);
  });

  test('draws follow it: the share below each quartile of the density', async () => {
    const n = 20_000;
    const draws = await values(drawStandard(density, new Rng(3), reference, [n]));
    // By a cumulative sum of the density on a fine grid.
    const step = 0.01;
    const grid = Float64Array.from({ length: 8001 }, (_, i) => (i - 4000) * step);
    const p = (await values(standardNegLog(density, reference.tensor(grid)))).map((l) => Math.exp(-l) * step);
    for (const x of [-1.5, -0.3, 0, 0.8, 2.5]) {
      const tail = p.reduce((sum, mass, i) => sum + (grid[i] > x ? mass : 0), 0) / p.reduce((a, b) => a + b);
      const seen = draws.filter((d) => d > x).length / n;
      // Five standard errors of a share, sqrt(1 / 4n) at most, and half a cell of the sum; Cauchy has 0.8 % beyond 40.
      expect(Math.abs(seen - tail)).toBeLessThan(5 / (2 * Math.sqrt(n)) + step / 2);
    }
  });

  test('its negative logarithm has the gradient of differences', async () => {
    await gradcheck((e) => standardNegLog(density, e), [reference.tensor([-2.3, -0.4, 0.7, 5])], { order: 2 });
  });
});

describe.each(BACKENDS.filter(({ name }) => name === 'GPU'))('on the $name', ({ open }) => {
  test.each(DENSITIES.slice(0, 4).map((density) => [JSON.stringify(density), density] as const))(
    '%s: the same draws and logarithms as on the reference',
    async (_, density) => {
      const device = await open();
      const [got, want] = await Promise.all(
        [device, reference].map((d) => values(drawStandard(density, new Rng(7), d, [501]))),
      );
      // The cosine of a GPU may be off by 2^-11, times a radius of up to ten here.
      expectClose(got, want, { absolute: 10 * 2 ** -11 }, 'draws');
      const [onDevice, there] = await Promise.all(
        [device, reference].map((d) => values(standardNegLog(density, d.tensor(Float32Array.from(want))))),
      );
      expectClose(onDevice, there, { relative: GPU_LOG_PROB.relative, absolute: GPU_LOG_PROB.relative }, '-log q');
    },
  );
});

test('logGamma is the logarithm of factorials and of Gamma(1/2)', () => {
  expect(logGamma(1)).toBeCloseTo(0, 12);
  expect(logGamma(0.5)).toBeCloseTo(0.5 * Math.log(Math.PI), 12);
  expect(logGamma(7)).toBeCloseTo(Math.log(720), 12);
  expect(logGamma(31)).toBeCloseTo(
    Array.from({ length: 30 }, (_, i) => Math.log(i + 1)).reduce((a, b) => a + b),
    11,
  );
});

test('what is no density is refused', () => {
  const e = reference.tensor([0]);
  expect(() => standardNegLog('cauchy' as StandardDensity, e)).toThrow(ShapeError);
  expect(() => standardNegLog({ studentT: 0 }, e)).toThrow(/nu > 0, got \{"studentT":0\}/);
});
