import { describe, expect, test } from 'vitest';
import { drawFigures, FIGURE_SETTINGS, trainFigures } from '../../bench/studies/flow/figureRuns.js';
import { formsFor } from '../../bench/studies/flow/forms.js';
import { drawScenes, SCALE } from '../../bench/studies/flow/line.js';
import { trainLine } from '../../bench/studies/flow/lineRuns.js';
import { NOISES, type Shape } from '../../bench/studies/flow/noise.js';
import { drawFlow } from '../../bench/studies/flow/picture.js';
import { figureRows, lineRows } from '../../bench/studies/flow/summary.js';
import { estimatorsOf } from '../../bench/studies/flow/theory.js';
import { Rng } from '../../src/tensor/rng.js';
import { sharedGpu, withGpu } from '../adapter.js';

const shapeOf = (name: string): Shape => (NOISES.find((noise) => noise.name === name) ?? NOISES[0]).shapeOf(0);
const SHARED = NOISES.filter(({ isShared }) => isShared);

describe('densities of errors', () => {
  test.each(SHARED)('$name: one in all, highest at the truth, and what draws have', ({ shapeOf: of }) => {
    const { draw, logDensity, mean } = of(0);
    const step = 0.01;
    const at = Array.from({ length: 40_000 }, (_, i) => (i + 0.5) * step - 200);
    const mass = at.map((r) => step * Math.exp(logDensity(r)));
    expect(mass.reduce((a, b) => a + b)).toBeCloseTo(1, 3);
    expect(at[mass.indexOf(Math.max(...mass))]).toBeCloseTo(0, 1);
    const rng = new Rng(1);
    const n = 20_000;
    const draws = Array.from({ length: n }, () => draw(rng));
    for (const r of [-0.5, 0.2, mean + 1]) {
      const share = draws.filter((x) => x < r).length / n;
      const below = mass.reduce((sum, m, i) => (at[i] < r ? sum + m : sum), 0);
      expect(Math.abs(share - below)).toBeLessThan(4 * Math.sqrt(0.25 / n));
    }
  });

  test('swapped labels stand at the partner, and the mean log density is minus the entropy where there are none', () => {
    const swapped = drawScenes(new Rng(2), 2000, { ...NOISES[0], swaps: 0.25 });
    const off = (i: number, joint: number) =>
      Math.hypot(...[0, 1].map((d) => swapped.labels[2 * i + d] - swapped.joints[2 * joint + d])) / SCALE;
    const joints = Array.from({ length: swapped.labels.length / 2 }, (_, i) => i);
    const away = joints.filter((i) => off(i, i) > 5 && off(i, i ^ 1) < 5).length / joints.length;
    // Partners that are near each other hide some.
    expect(away).toBeGreaterThan(0.15);
    expect(away).toBeLessThan(0.28);
    const plain = drawScenes(new Rng(2), 4000, NOISES[0]);
    expect(plain.logDensity).toBeCloseTo(-(1 + Math.log(2 * Math.PI)) - 2 * Math.log(SCALE), 1);
  });
});

test('theory has the known variances of estimators', () => {
  const close = (name: string, wanted: Partial<ReturnType<typeof estimatorsOf>['variances']>) =>
    expect(estimatorsOf(shapeOf(name)).variances, name).toMatchObject(
      Object.fromEntries(Object.entries(wanted).map(([key, value]) => [key, expect.closeTo(value, 1)])),
    );
  close('normal', { l2: 1, l1: Math.PI / 2, bound: 1 });
  close('Laplace', { l2: 2, l1: 1, bound: 1 });
  // Student's t of nu degrees of freedom has the information (nu + 1) / (nu + 3), and f(0) = 1 / sqrt(8) for nu = 2.
  close('heavy tails', { l1: 2, bound: 5 / 3 });
  // A gamma density of shape k has the information 1 / (k - 2); its median is 2.674 for k = 3.
  close('skewed', { l2: 3, bound: 1, l1: 1 / (4 * (2.674 ** 2 * 0.5 * Math.exp(-2.674)) ** 2) });
  expect(estimatorsOf(shapeOf('skewed')).median).toBeCloseTo(0.674, 2);
  for (const { name, shapeOf: of } of SHARED) {
    const { l2, l1, studentT, bound } = estimatorsOf(of(0)).variances;
    expect(Math.min(l2, l1, studentT) / bound, name).toBeGreaterThan(0.99);
  }
});

test.runIf(withGpu)('short runs along the line learn, with a flow and without one, shared or per joint', async () => {
  const device = await sharedGpu();
  const noise = NOISES.find(({ name }) => name === 'by joint') ?? NOISES[0];
  const forms = formsFor(noise.name).filter(({ name }) => ['L1', 'RLE', 'RLE, slow flow per joint'].includes(name));
  expect(forms).toHaveLength(3);
  for (const form of forms) {
    const { missing, ...run } = await trainLine(form, noise, 1, 30, device);
    // Joints spread by 10 to 15 scales at first.
    expect(run.varying, form.name).toBeLessThan(10);
    expect(run.varying).toBeLessThanOrEqual(run.error);
    expect(missing !== undefined && missing > 0, form.name).toBe(form.sigma);
  }
});

test.runIf(withGpu)('a short run on figures is scored, and its density if it has one', async () => {
  const device = await sharedGpu();
  const setting = { ...FIGURE_SETTINGS[0], figures: 64, epochs: 1 };
  const data = await drawFigures(setting, 20);
  for (const form of ['l1', 'rle'] as const) {
    const run = await trainFigures(setting, form, 1, data, device);
    expect(run.pck20).toBeGreaterThanOrEqual(run.pck10);
    expect(run.error).toBeGreaterThan(0);
    expect(run.calibration !== undefined).toBe(form === 'rle');
  }
});

test('rows hold means and ranges of the measures that a loss has, and the picture has three panels', () => {
  const line = NOISES.flatMap(({ name }) =>
    [1, 2].flatMap((seed) => [
      { noise: name, form: 'L2', seed, error: 0.2, varying: 0.1 * seed, seconds: 1 },
      ...['Laplace', 'RLE'].map((form) => ({
        ...{ noise: name, form, seed, error: 0.2, varying: 0.1 },
        ...{ missing: 0.3, calibration: 0.01, sharpness: 3, seconds: 1 },
      })),
    ]),
  );
  const figures = (['l1', 'rle'] as const).map((form) => ({
    ...{ noise: 'annotated', form, seed: 1, pck10: 0.1, pck20: 0.3, error: 0.1, seconds: 1 },
  }));
  const rows = lineRows(line);
  expect(rows).toHaveLength(3 * NOISES.length);
  expect(rows[0]).toEqual({
    noise: 'normal',
    form: 'L2',
    seeds: 2,
    measures: { error: { mean: 0.2, least: 0.2, most: 0.2 }, varying: { mean: 0.15, least: 0.1, most: 0.2 } },
  });
  const svg = drawFlow(rows, figureRows(figures));
  expect(svg.match(/role="img"/g)).toHaveLength(3);
  expect(svg).not.toMatch(/NaN/);
});
