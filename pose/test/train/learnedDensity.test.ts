import { beforeAll, describe, expect, test } from 'vitest';
import { type Device, Rng } from 'wgrad';
import { type RealNvpParams, realNvp } from 'wgrad/rle';
import { BACKENDS } from '../../../test/backends.js';
import { CALIBRATION_SHARE } from '../../../test/tolerance.js';
import { cellCentre } from '../../src/report/densityGrid.js';
import { learnedDensity, learnedErrors } from '../../src/train/learnedDensity.js';
import { DENSITIES, residualOf } from '../../src/train/losses.js';
import { G, plant } from './plantedFlow.js';
import { TINY } from './runs.js';

let device: Device;
let flow: RealNvpParams;
beforeAll(async () => {
  device = await BACKENDS[BACKENDS.length - 1].open();
  flow = realNvp({ dims: 2 }).init(new Rng(1), device);
  plant(device, flow);
});

/** `-log q(e)` of one coordinate. */
const NEG_LOG = {
  laplace: (e: number) => Math.abs(e),
  gaussian: (e: number) => e ** 2 / 2,
  logistic: (e: number) => Math.abs(e) + 2 * Math.log1p(Math.exp(-Math.abs(e))),
  studentT: (e: number) => 2.5 * Math.log1p(e ** 2 / 4),
};

/** Mean, standard deviation and density of `s Q G` along an axis, by sums on a fine grid. */
function product(q: keyof typeof NEG_LOG) {
  const step = 1e-3;
  const raw = (e: number) => Math.exp(-NEG_LOG[q](e) - ((e - G.mean) / G.std) ** 2 / 2);
  let [mass, first, second] = [0, 0, 0];
  for (let e = -20; e < 20; e += step) {
    const p = raw(e) * step;
    mass += p;
    first += e * p;
    second += e * e * p;
  }
  const mean = first / mass;
  return { mean, std: Math.sqrt(second / mass - mean ** 2), density: (e: number) => raw(e) / mass };
}

describe.each(['laplace', 'gaussian', 'logistic', 'studentT'] as const)('with log s and Q = %s', (q) => {
  const source = () => ({ flow, residualOf: residualOf({ ...TINY, q, logS: 'importance' }) });

  test('errors follow s Q G, whose moments and density a sum over a grid tells', async () => {
    const truth = product(q);
    const errors = await learnedErrors(device, source());
    for (const axis of [0, 1]) {
      expect(Math.abs(errors.mean[axis] - truth.mean) / truth.std).toBeLessThan(CALIBRATION_SHARE);
      expect(Math.abs(Math.sqrt(errors.covariance[2 * axis]) / truth.std - 1)).toBeLessThan(CALIBRATION_SHARE);
    }
    // What the flow alone would say is far from it.
    expect(Math.abs(G.std / truth.std - 1)).toBeGreaterThan(5 * CALIBRATION_SHARE);

    const grid = await learnedDensity(flow, errors, { q, residualOf: DENSITIES[q] });
    expect(grid.isProduct).toBe(true);
    const centre = (grid.size - 1) / 2;
    for (const i of [centre, centre + 12, centre - 20]) {
      // Residuals are minus the error.
      const at = (axis: 0 | 1, cell: number) => {
        const residual = -errors.mean[axis] + grid.std[axis] * cellCentre(cell, grid.size, grid.halfWidth);
        return truth.density(-residual) * grid.std[axis];
      };
      const want = at(0, i) * at(1, centre);
      expect(Math.abs(grid.learned[centre * grid.size + i] / want - 1)).toBeLessThan(CALIBRATION_SHARE);
    }
  });
});

test('where poses are at its mean, the density is the same, and none of them is off on average', async () => {
  const [atMu, atMean] = await Promise.all(
    [false, true].map(async (isPlaceOpen) => {
      const errors = await learnedErrors(device, { flow, isPlaceOpen });
      return learnedDensity(flow, errors, { q: 'laplace' });
    }),
  );
  expect(Math.abs(atMu.mean[0] + G.mean) / G.std).toBeLessThan(CALIBRATION_SHARE);
  for (const mean of atMean.mean) expect(mean).toBeCloseTo(0, 9);
  for (const [i, p] of Array.from(atMu.learned).entries()) expect(atMean.learned[i]).toBeCloseTo(p, 6);
});

test('without log s the flow is the whole density, beside a Q of unit variance', async () => {
  const errors = await learnedErrors(device, { flow, residualOf: residualOf({ ...TINY, q: 'logistic' }) });
  expect(Math.abs(Math.sqrt(errors.covariance[0]) / G.std - 1)).toBeLessThan(CALIBRATION_SHARE);
  const { initial, size, halfWidth, assumed } = await learnedDensity(flow, errors, { q: 'logistic' });
  expect(assumed).toBe('logistic');
  const centre = (size - 1) / 2;
  // The logistic density of unit variance has its peak at pi / (4 sqrt 3).
  expect(initial[centre * size + centre]).toBeCloseTo((Math.PI / (4 * Math.sqrt(3))) ** 2, 5);
  const cell = ((2 * halfWidth) / size) ** 2;
  expect(Array.from(initial).reduce((a, b) => a + b) * cell).toBeGreaterThan(0.98);
});
