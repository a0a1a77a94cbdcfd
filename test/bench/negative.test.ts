import { describe, expect, test } from 'vitest';
import { FEW, FORMS } from '../../bench/studies/negative/forms.js';
import { lineTask } from '../../bench/studies/negative/line.js';
import { drawNegative } from '../../bench/studies/negative/picture.js';
import { type Run, train } from '../../bench/studies/negative/runs.js';
import { summarise } from '../../bench/studies/negative/summary.js';
import { SIDE } from '../../bench/studies/negative/task.js';
import { Rng } from '../../src/tensor/rng.js';
import { sharedGpu, withGpu } from '../adapter.js';

const task = lineTask({ least: 0.001, most: 0.1 });

describe('scenes along a line', () => {
  test('labels are off by the noise that was asked for, and clean joints by none', () => {
    const { joints, clean, count } = task.draw(new Rng(3), 2000);
    const off = Array.from(joints, (v, i) => (v - clean[i]) / SIDE);
    const rms = Math.sqrt(off.reduce((t, v) => t + v * v, 0) / off.length);
    expect(rms).toBeGreaterThan(0.001);
    expect(rms).toBeLessThan(0.1);
    const same = lineTask({ least: 1e-12, most: 1e-12 }).draw(new Rng(3), count);
    expect(Math.max(...Array.from(same.joints, (v, i) => Math.abs(v - clean[i])))).toBeLessThan(1e-5);
  });
});

test.runIf(withGpu)('a short run learns, and its gradients are looked at by part', async () => {
  const setting = { name: 'short', task, optimiser: 'adamW', steps: 50, batch: 16 } as const;
  const [without, , cut] = FEW;
  const device = await sharedGpu();
  const run = await train(cut, setting, 1, device);
  const [first, last] = run.moments;
  expect(last.error).toBeLessThan(0.9 * first.error);
  expect(Object.values(first.norms).every((norm) => norm > 0)).toBe(true);
  expect(run.coverage).toHaveLength(2);
  const plain = await train(without, setting, 1, device);
  expect([plain.moments[0].norms.rle, plain.coverage]).toEqual([0, undefined]);
});

test('rows hold means and ranges over seeds, and the picture has six panels', () => {
  const moment = (step: number) => ({
    step,
    sigma: 0.1,
    error: 1 / step,
    residual: 0.5,
    muGradient: 4,
    rle: -1,
    total: 1,
    norms: { box: 1, class: 1, oks: 1, rle: 100 / step },
    ownNorm: 1,
  });
  const runs = FORMS.flatMap(({ name }) =>
    [1, 3].map(
      (seed): Run => ({
        form: name,
        setting: 'sgd',
        seed,
        moments: [1, 50, 100, 150, 200].map(moment),
        jointError: 0.002 * seed,
        boxError: 0.001,
        classAccuracy: 0.9,
        coverage: [0.5, 0.9],
        seconds: 1,
      }),
    ),
  );
  const rows = summarise(runs);
  expect(rows).toHaveLength(FORMS.length);
  expect(rows[0].jointError).toEqual({ mean: 0.004, least: 0.002, most: 0.006 });
  expect(rows[0].pull.mean).toBe(2);
  const svg = drawNegative(runs, rows, 'here');
  expect(svg.match(/role="img"/g)).toHaveLength(6);
  expect(svg).not.toMatch(/NaN/);
});
