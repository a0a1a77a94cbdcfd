import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { cpu } from 'wgrad';
import { entropyOf } from '../src/cells.js';
import { FlowLearner } from '../src/flow/learner.js';
import { shape } from '../src/flow/targets.js';
import { judge } from '../src/gradients/verdict.js';
import { describeInBrowser, PATIENCE, press, violations } from './openLab.js';

describeInBrowser('the lab', (lab) => {
  const { visit } = lab;

  describe('the room Flow', () => {
    const SMALL = 'layers=4&hidden=16&batch=128&seed=3';
    const settings = { couplings: 'affine', layers: 4, hidden: 16, batch: 128, seed: 3 } as const;
    const figure = (page: Page, name: string) => page.locator(`.figures`).getAttribute(`data-${name}`);

    test.each([
      ['best', 'moons', 0.5],
      ['reference', 'moons', 0.5],
      // They lie nearly as the flow's base does.
      ['best', 'residuals', 0.02],
    ])('learns on the device "%s" what the library learns in Node: %s', async (device, data, gained) => {
      const steps = 40;
      const learner = new FlowLearner(cpu(), shape(data)!, settings);
      const before = await learner.logLikelihood();
      await learner.learn(steps, 0.005);
      const expected = await learner.logLikelihood();
      expect(expected).toBeGreaterThan(before + gained);
      expect(expected).toBeLessThan(-entropyOf(shape(data)!));
      await visit(`#/flow?${SMALL}&data=${data}&until=${steps}&speed=20&device=${device}`, async (page) => {
        await page.waitForSelector(`[data-steps="${steps}"]`, { state: 'attached' });
        const got = Number(await figure(page, 'log-likelihood'));
        // Float32 against float64, over as many steps; the reference differs by what engines round differently.
        expect(Math.abs(got - expected)).toBeLessThan(device === 'best' ? 5e-3 : 1e-6);
        expect(await page.locator('.status').textContent()).toMatch(
          device === 'best' ? /swiftshader/i : /CPU reference/,
        );
        expect(await page.locator('button.primary').textContent()).toBe('Run');
        await press(page, 'Step');
        await page.waitForSelector(`[data-steps="${steps + 1}"]`, { state: 'attached' });
        if (device === 'best') expect(await violations(page)).toEqual([]);
      });
    });

    test('a drawing becomes the target, and the address holds it through a reload', async () => {
      await visit(`#/flow?${SMALL}&until=2&speed=2`, async (page) => {
        const canvas = page.locator('.drawable');
        const box = (await canvas.boundingBox())!;
        await page.mouse.move(box.x + 0.3 * box.width, box.y + 0.5 * box.height);
        await page.mouse.down();
        await page.mouse.move(box.x + 0.7 * box.width, box.y + 0.5 * box.height, { steps: 5 });
        await page.mouse.up();
        expect(await page.locator('select[name=data]').inputValue()).toBe('drawn');
        expect(page.url()).toMatch(/strokes=[0-9a-z]{8}/);
        await page.waitForSelector('[data-steps="2"]', { state: 'attached' });
        const seen = await figure(page, 'log-likelihood');
        await page.reload();
        await page.waitForSelector('[data-steps="2"]', { state: 'attached' });
        expect(await figure(page, 'log-likelihood')).toBe(seen);
      });
    });

    test('without WebGPU says so in a line and learns on the reference', async () => {
      const without = "Object.defineProperty(navigator, 'gpu', { value: undefined })";
      const use = async (page: Page) => {
        await page.waitForSelector('[data-steps="2"]', { state: 'attached' });
        expect(await page.locator('.status').textContent()).toMatch(
          /CPU reference.*because this browser has no WebGPU/,
        );
      };
      await visit(`#/flow?${SMALL}&until=2&speed=1`, use, without);
    });

    test('a lost device is said in a line, and the room starts again', async () => {
      const keep =
        'const ask = GPUAdapter.prototype.requestDevice; GPUAdapter.prototype.requestDevice = function (...a) ' +
        '{ return ask.apply(this, a).then((d) => (self.kept = d)); }';
      const use = async (page: Page) => {
        await page.waitForSelector('[data-steps="2"]', { state: 'attached' });
        await page.workers()[0].evaluate('kept.destroy()');
        await press(page, 'Step');
        await page.waitForSelector('.failed');
        expect(await page.locator('.failed').textContent()).toMatch(/the device was (lost|destroyed)/);
        await press(page, 'Start again');
        await page.waitForSelector('.status:not(.failed)');
        await page.waitForSelector('[data-steps="0"]', { state: 'attached' });
      };
      await visit(`#/flow?${SMALL}&until=2&speed=1`, use, keep);
    });
  });

  describe('the room Gradients', () => {
    test('finds of some ops what the library finds in Node, and counts it', async () => {
      const ops = ['add', 'softmax'];
      await visit(`#/gradients?ops=${ops}&run=1&seed=2`, async (page) => {
        await page.waitForSelector('.summary[data-done]');
        const counts = JSON.parse((await page.locator('.summary').getAttribute('data-done'))!);
        const shown = await page
          .locator('tbody tr')
          .evaluateAll((rows) =>
            rows.map((row) =>
              [...row.children].map((cell, i) => (i === 0 ? cell.querySelector('summary') : cell)?.textContent),
            ),
          );
        let checks = 0;
        for (const [i, op] of ops.entries()) {
          const expected = await judge(op, cpu(), 2);
          const kernels = expected.samples;
          expect(expected.failures).toEqual([]);
          checks += expected.checks + kernels;
          const share = (x: number | null) => `${(100 * x!).toPrecision(2)} %`;
          expect(shown[i].slice(0, 4)).toEqual([
            op,
            String(expected.checks + kernels),
            share(expected.first),
            share(expected.second),
          ]);
          expect(shown[i][4]).toMatch(/^\d.* %$/);
          expect(shown[i][5]).toBe('ok');
        }
        expect(counts).toEqual({ ops: 2, checks, failed: 0 });
        expect(await violations(page)).toEqual([]);
      });
    });

    test('an op that there is not is said in a line', async () => {
      await visit('#/gradients?ops=conv9d&run=1', async (page) => {
        await page.waitForSelector('.failed');
        expect(await page.locator('.failed').textContent()).toMatch(/no op is named conv9d; there are .*conv2d/);
      });
    });
  });

  test('the room This adapter shows limits, features and choices', async () => {
    await visit('#/adapter', async (page) => {
      await page.waitForSelector('[data-done="true"]', { state: 'attached' });
      expect(await page.locator('.choices').textContent()).toMatch(/Software driver.*Subgroup size.*Largest tensor/);
      expect(await page.locator('.limits tbody tr').count()).toBeGreaterThan(20);
      expect(await page.locator('.limits .failed').count()).toBe(0);
      expect(await violations(page)).toEqual([]);
    });
  });

  test('rooms are reached by their links, and by going back', async () => {
    await visit('#/adapter', async (page) => {
      await page.getByRole('link', { name: 'Gradients' }).click();
      expect(await page.locator('h1').textContent()).toBe('Gradients');
      await page.goBack();
      await page.waitForSelector('h1:text("This adapter")');
      await page.waitForSelector('[data-done]', { state: 'attached' });
    });
  });

  test('who wants no motion presses Run first', async () => {
    const page = await lab.browser.newPage({ reducedMotion: 'reduce' });
    await page.goto(`${lab.url}#/flow?layers=4&hidden=16&batch=128`);
    await page.waitForSelector('[data-steps="0"]', { state: 'attached', timeout: PATIENCE });
    expect(await page.locator('button.primary').textContent()).toBe('Run');
    await page.close();
  });

  test('the switch of colours is remembered', async () => {
    await visit('#/flow?until=0', async (page) => {
      await page.emulateMedia({ colorScheme: 'light' });
      await page.click('button.theme');
      await page.reload();
      expect(await page.locator('html').getAttribute('data-theme')).toBe('dark');
      expect(await page.locator('button.theme').getAttribute('aria-label')).toBe('Light colours');
    });
  });
});
