import { describe, expect, test } from 'vitest';
import { divergence, evaluationGrid, METHODS, PICTURE, type StudyRow, studyLogS } from '../../bench/studies/logS.js';
import { drawStudy } from '../../bench/studies/logSPicture.js';
import { drawMixture, readFixture } from '../../bench/studies/mixture.js';
import { Rng } from '../../src/tensor/rng.js';
import { sharedGpu, withGpu } from '../adapter.js';

const fixture = readFixture();
const grid = evaluationGrid(fixture);

describe('the known density', () => {
  test('integrates to one and is as far from Q as was measured elsewhere', () => {
    expect(grid.logP.reduce((sum, l) => sum + grid.area * Math.exp(l), 0)).toBeCloseTo(1, 6);
    expect(divergence(grid, grid.logQ)).toBeCloseTo(fixture.pytorch_results.KL_P_Q, 3);
    expect(divergence(grid, grid.logP)).toBe(0);
  });

  test('draws have its mean', () => {
    const n = 20_000;
    const draws = drawMixture(fixture.P, new Rng(1), n);
    const mean = [0, 1].map((d) => draws.reduce((sum, v, i) => (i % 2 === d ? sum + v / n : sum), 0));
    // 0.65 * 0.15 - 0.35 * 0.4 and 0.35 * 0.1; standard deviations below 0.8, four standard errors.
    expect(Math.abs(mean[0] + 0.0425)).toBeLessThan(4 * (0.8 / Math.sqrt(n)));
    expect(Math.abs(mean[1] - 0.035)).toBeLessThan(4 * (0.8 / Math.sqrt(n)));
  });
});

test.runIf(withGpu)(
  'a short run with log s brings s Q G nearer to P than Q is, and leaves G away from it',
  async () => {
    const row = await studyLogS('importance', fixture, await sharedGpu(), 12, () => {});
    expect(row.klSQG).toBeLessThan(0.15);
    expect(row.klG).toBeGreaterThan(2 * row.klSQG);
  },
);

test('the picture has a panel for each density', () => {
  const density = Array.from({ length: PICTURE.points ** 2 }, (_, i) => Math.exp(-i / 1000));
  const rows: StudyRow[] = METHODS.map((method) => ({
    method,
    steps: 1,
    klG: 0.1,
    klSQG: 0.2,
    seconds: 1,
    g: density,
    sqg: density,
  }));
  const svg = drawStudy(rows, fixture, 'R&D <1>');
  expect(svg).toContain('R&amp;D &lt;1>');
  for (const method of METHODS) expect(svg).toContain(`sQG, ${method}: KL 0.2000`);
  expect(svg.match(/aria-label="contour"/g)).toHaveLength(2 + 2 * METHODS.length);
});
