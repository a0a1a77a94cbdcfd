import { describe, expect, test } from 'vitest';
import { cpu, type Device, Rng } from 'wgrad';
import { JointsLearner } from '../src/rle/joints/learner.js';
import { densityOf } from '../src/rle/line/errorTable.js';
import { LEVELS } from '../src/rle/line/frame.js';
import { LineLearner } from '../src/rle/line/learner.js';
import { lossNames } from '../src/rle/line/losses.js';
import {
  bestLogLikelihood,
  drawLabels,
  formatHeights,
  fromHeights,
  parseHeights,
  shapeOf,
} from '../src/rle/line/noise.js';
import { describeInBrowser, PATIENCE, press, violations } from './openLab.js';

const noise = { shape: shapeOf('modes')!, spread: 0.15, growth: 1 };

describe('the six losses of the room RLE', () => {
  test('find out of two modes what each can, and none more than there is', async () => {
    const learner = new LineLearner(cpu(), { noise, batch: 128, seed: 1 });
    await learner.learn(220, 0.01);
    const { fits, steps } = await learner.frame();
    expect(steps).toBe(220);
    const best = bestLogLikelihood(noise);
    for (const name of lossNames) expect(fits[name].logLikelihood, name).toBeLessThan(best);
    // One width and one peak, a width at each x, and the shape as well.
    expect(fits.laplace.logLikelihood).toBeGreaterThan(fits.l1.logLikelihood + 0.05);
    expect(fits.rleLogS.logLikelihood).toBeGreaterThan(fits.laplace.logLikelihood + 0.2);
    // Losses that are negative log-likelihoods have that value, up to what the nodes of log s leave open.
    expect(fits.laplace.loss).toBeCloseTo(-fits.laplace.logLikelihood, 9);
    expect(fits.dle.loss).toBeCloseTo(-fits.dle.logLikelihood, 9);
    expect(Math.abs(fits.rleLogS.loss + fits.rleLogS.logLikelihood)).toBeLessThan(0.05);
    expect(fits.rleLogS.loss).toBeLessThan(0);
    expect(Math.abs(fits.rleLogS.coverage[LEVELS.indexOf(0.9)] - 0.9)).toBeLessThan(0.1);
  });

  test('are drawn at the mean of their density where they leave mu open, at mu elsewhere', async () => {
    const skewed = { shape: shapeOf('skewed')!, spread: 0.15, growth: 1 };
    const learner = new LineLearner(cpu(), { noise: skewed, batch: 64, seed: 2 });
    await learner.learn(60, 0.01);
    const { fits } = await learner.frame();
    for (const name of lossNames) {
      const fit = fits[name];
      for (const i of [0, 40, 80]) {
        // The mean of y under the density that is shaded, by the midpoint rule over all of it.
        let mean = 0;
        for (let e = -10 + 1 / 800; e < 10; e += 1 / 400) {
          mean += ((fit.mu[i] - fit.sigma[i] * e) * densityOf(fit.table, e)) / 400;
        }
        const expected = name === 'dle' || name === 'rleLogS' ? mean : fit.mu[i];
        expect(Math.abs(fit.place[i] - expected), `${name} at ${i}`).toBeLessThan(1e-3 * fit.sigma[i]);
      }
    }
    expect(Math.abs(fits.dle.place[40] - fits.dle.mu[40])).toBeGreaterThan(0.01 * fits.dle.sigma[40]);
  });
});

test.each([
  ['line', (device: Device) => new LineLearner(device, { noise, batch: 16, seed: 1 })],
  ['joints', (device: Device) => JointsLearner.open(device, { loss: 'rleLogS', width: 8, batch: 2, seed: 1 })],
])('training and looking at it, the memory of the task "%s" stays flat', async (_, open) => {
  const device = cpu();
  const learner = await open(device);
  const live: number[] = [];
  for (let i = 0; i < 4; i++) {
    await learner.learn(1, 0.001);
    await learner.frame();
    live.push(device.memory().live.bytes);
  }
  expect(live.slice(1)).toEqual(live.slice(1).map(() => live[1]));
});

describe('the noise', () => {
  test('has the entropy that its draws show', () => {
    // The mean of log p over draws, by counting them in narrow bins of (y - curve) / scale, against the closed form.
    const flat = { shape: fromHeights(new Array(48).fill(1)), spread: 0.2, growth: 0 };
    expect(bestLogLikelihood(flat)).toBeCloseTo(-Math.log(8 * 0.2), 12);
    expect(bestLogLikelihood({ ...flat, spread: 0.1 })).toBeCloseTo(-Math.log(8 * 0.1), 12);
  });

  test('of a drawing survives the address, and nonsense in it is flat', () => {
    const heights = Array.from({ length: 48 }, (_, i) => (i % 7) / 6);
    const back = parseHeights(formatHeights(heights));
    for (const [i, height] of heights.entries()) expect(Math.abs(back[i] / 35 - height)).toBeLessThan(1 / 70 + 1e-12);
    expect(parseHeights('<script>')).toEqual(new Array(48).fill(1));
  });

  test('is wider where the growth says so', () => {
    const { x, y } = drawLabels({ ...noise, shape: shapeOf('normal')! }, 4000, new Rng(1));
    const widthOf = (from: number, to: number) => {
      const errors = Array.from(x).flatMap((at, i) => (at >= from && at < to ? [y[i] - 0.8 * Math.sin(2.6 * at)] : []));
      return Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0) / errors.length);
    };
    const ratio = widthOf(0.8, 1) / widthOf(-1, -0.8);
    expect(ratio).toBeGreaterThan(0.9 * Math.exp(1.8));
    expect(ratio).toBeLessThan(1.1 * Math.exp(1.8));
  });
});

describeInBrowser('the room RLE', ({ visit }) => {
  test.each(['best', 'reference'])('learns a line on the device "%s" as the library does in Node', async (device) => {
    const steps = 24;
    const learner = new LineLearner(cpu(), { noise, batch: 32, seed: 3 });
    await learner.learn(steps, 0.005);
    const { fits } = await learner.frame();
    await visit(`#/rle?batch=32&seed=3&until=${steps}&speed=12&device=${device}`, async (page) => {
      await page.waitForSelector(`[data-steps="${steps}"]`, { state: 'attached' });
      for (const name of lossNames) {
        const got = Number(await page.locator(`tr[data-loss="${name}"]`).getAttribute('data-log-likelihood'));
        expect(Math.abs(got - fits[name].logLikelihood), name).toBeLessThan(device === 'best' ? 5e-3 : 1e-6);
      }
      expect(await page.locator('.status').textContent()).toMatch(device === 'best' ? /swiftshader/i : /CPU reference/);
      expect(await page.locator('p.prose').first().textContent()).toMatch(/^Why a loss may be negative/);
      if (device === 'best') expect(await violations(page)).toEqual([]);
    });
  });

  test('noise that is drawn is learned, and survives a reload; the pointer goes into the address when it leaves', async () => {
    await visit('#/rle?batch=32&until=1&speed=1', async (page) => {
      await page.waitForSelector('[data-steps="1"]', { state: 'attached' });
      const likelihood = () => page.locator('tr[data-loss=rle]').getAttribute('data-log-likelihood');
      const before = await likelihood();
      const box = (await page.locator('.drawable').boundingBox())!;
      await page.mouse.move(box.x + 0.3 * box.width, box.y + 0.2 * box.height);
      await page.mouse.down();
      await page.mouse.move(box.x + 0.7 * box.width, box.y + 0.6 * box.height, { steps: 4 });
      await page.mouse.up();
      expect(await page.locator('select[name=noise]').inputValue()).toBe('drawn');
      expect(page.url()).toMatch(/noise=drawn&heights=[0-9a-z]{48}/);
      await expect.poll(likelihood, { timeout: PATIENCE }).not.toBe(before);
      await page.waitForSelector('[data-steps="1"]', { state: 'attached' });
      const seen = await likelihood();
      const fit = (await page.locator('.six canvas').first().boundingBox())!;
      await page.mouse.move(fit.x + 0.8 * fit.width, fit.y + 0.5 * fit.height);
      await page.mouse.move(fit.x + 0.8 * fit.width, fit.y - 60);
      expect(page.url()).toMatch(/[?&]x=0\.[3-9]/);
      await page.reload();
      await page.waitForSelector('[data-steps="1"]', { state: 'attached' });
      expect(await likelihood()).toBe(seen);
    });
  });

  test('trains a pose network, step for step what the library does in Node', async () => {
    const settings = { loss: 'rle', width: 8, batch: 4, seed: 2 } as const;
    const learner = await JointsLearner.open(cpu(), settings);
    await learner.learn(2, 0.002);
    const { error } = await learner.frame();
    await visit('#/rle?task=joints&batch=4&seed=2&until=2&speed=1', async (page) => {
      await page.waitForSelector('[data-steps="2"]', { state: 'attached' });
      const got = Number(await page.locator('.figures').getAttribute('data-error'));
      // In percent of the crop; float32 against float64.
      expect(Math.abs(got - error)).toBeLessThan(0.05);
      expect(await violations(page)).toEqual([]);
      await press(page, 'Step');
      await page.waitForSelector('[data-steps="3"]', { state: 'attached' });
    });
  });
});
