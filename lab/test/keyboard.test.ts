import type { FileChooser, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { parseStrokes } from '../src/flow/strokes.js';
import { EXTENT } from '../src/flow/targets.js';
import { parseHeights } from '../src/rle/line/noise.js';
import { WORK } from './busy.js';
import { describeInBrowser, PATIENCE } from './openLab.js';

/** All that keys should reach, in the order of the document. */
const REACHABLE = `[...document.querySelectorAll(
  'a[href], button, input, select, textarea, summary, [tabindex="0"]')].filter((one) => one.checkVisibility() && !one.disabled)`;

/** What has the focus: its place among all that keys should reach, and how it looks. */
const FOCUSED = `(() => {
  const one = document.activeElement;
  const { left, top, right, bottom } = one.getBoundingClientRect();
  // Of something large, a part that is in sight is enough.
  const [x, y] = [(Math.max(left, 0) + Math.min(right, innerWidth)) / 2, (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2];
  const under = document.elementFromPoint(x, y);
  const ringed = one.closest('.prism-code-editor') ?? one;
  const { outlineStyle, outlineWidth } = getComputedStyle(ringed);
  return {
    place: ${REACHABLE}.indexOf(one),
    name: one.tagName.toLowerCase() + ' ' + (one.getAttribute('aria-label') ?? one.labels?.[0]?.textContent ?? one.textContent).slice(0, 40),
    isSeen: under !== null && (one.contains(under) || under.contains(one) || ringed.contains(under)),
    ring: outlineStyle === 'none' ? 0 : parseFloat(outlineWidth),
  };
})()`;

interface Focused {
  readonly place: number;
  readonly name: string;
  readonly isSeen: boolean;
  readonly ring: number;
}

const focused = (page: Page) => page.evaluate(FOCUSED) as Promise<Focused>;

/** Goes on with Tab, out of editors too, until something has the focus that contains the words. */
async function tabTo(page: Page, words: string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const { name } = await focused(page);
    if (name.includes(words)) return;
    if (name.startsWith('textarea')) await page.keyboard.press('Escape');
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab never comes to '${words}'`);
}

/** Opens a file chooser by a button. It is waited for some keys ahead, since the browser has to know of it before it opens. */
async function choose(page: Page, words: string): Promise<FileChooser> {
  const chooser = page.waitForEvent('filechooser');
  await tabTo(page, words);
  await press(page, 'Enter');
  return chooser;
}

async function press(page: Page, key: string, times = 1): Promise<void> {
  for (let i = 0; i < times; i++) await page.keyboard.press(key);
}

describeInBrowser('the lab by keys alone', ({ visit }) => {
  test.each(Object.entries(WORK))(
    'reaches all of the room of %s in the order of the page, shows where it is, and comes out again',
    async (_, { hash, done }) => {
      await visit(hash, async (page) => {
        await page.waitForSelector(done, { state: 'attached' });
        await page.waitForTimeout(500);
        const names = (await page.evaluate(`${REACHABLE}.map((one) => one.outerHTML.slice(0, 90))`)) as string[];
        const way: Focused[] = [];
        for (let i = 0; i < names.length + 3; i++) {
          await page.keyboard.press('Tab');
          const here = await focused(page);
          if (here.place < 0 || (here.place === 0 && way.length > 0)) break;
          way.push(here);
          if (here.name.startsWith('textarea')) await page.keyboard.press('Escape');
        }
        expect(way.map(({ place }) => place)).toEqual(names.map((_, i) => i));
        expect(way.filter(({ isSeen }) => !isSeen).map(({ name }) => name)).toEqual([]);
        expect(way.filter(({ ring }) => ring < 2).map(({ name }) => name)).toEqual([]);
        // Backwards as well.
        await press(page, 'Shift+Tab');
        const back = await focused(page);
        expect(back.place).toBeGreaterThanOrEqual(names.length - 2);
      });
    },
  );

  test.each(Object.entries(WORK))('goes down the room of %s on a phone, line by line', async (_, { hash, done }) => {
    await visit(hash, async (page) => {
      await page.setViewportSize({ width: 360, height: 740 });
      await page.waitForSelector(done, { state: 'attached' });
      await page.addStyleTag({ content: '* { content-visibility: visible !important }' });
      const places = (await page.evaluate(`${REACHABLE}.filter((one) => one.closest('main')).map((one) => {
        const { top, bottom } = one.getBoundingClientRect();
        return [one.outerHTML.slice(0, 90), top, bottom];
      })`)) as [string, number, number][];
      expect(places.length).toBeGreaterThan(0);
      const rises = places.flatMap(([name, , bottom], i) => (i > 0 && bottom < places[i - 1][1] ? [name] : []));
      expect(rises).toEqual([]);
    });
  });

  test('draws a density, or takes a line back', async () => {
    await visit('#/flow?layers=2&hidden=8&batch=32&until=2', async (page) => {
      await page.waitForSelector('[data-steps="2"]', { state: 'attached' });
      await tabTo(page, 'Draw a density');
      await press(page, 'ArrowLeft', 8);
      await press(page, ' ');
      await press(page, 'ArrowRight', 4);
      await press(page, 'Escape');
      expect(await page.locator('select[name=data]').inputValue()).toBe('moons');
      await press(page, ' ');
      await press(page, 'ArrowRight', 8);
      await press(page, 'Shift+ArrowDown', 2);
      await press(page, ' ');
      expect(await page.locator('select[name=data]').inputValue()).toBe('drawn');
      const [stroke] = parseStrokes(new URLSearchParams(page.url().split('?')[1]).get('strokes') ?? '');
      expect(stroke).toHaveLength(2 * 11);
      // From where Escape left the pen, a tenth of the width left of the middle, to a tenth right of it and a bit down.
      const places = [stroke.slice(0, 2), stroke.slice(-2)].flat().map((x) => x / (2 * EXTENT));
      for (const [i, place] of [-0.1, 0, 0.1, -0.01].entries()) expect(places[i]).toBeCloseTo(place, 2);
      await page.waitForSelector('[data-steps="2"]', { state: 'attached' });
      expect((await focused(page)).name).toContain('Draw a density');
    });
  });

  test('shapes noise, and a setting that a held key changes is in the address', async () => {
    await visit('#/rle?until=0&batch=16', async (page) => {
      await page.waitForSelector('[data-steps="0"]', { state: 'attached' });
      await tabTo(page, 'Draw the density of the noise');
      await press(page, ' ');
      await press(page, 'ArrowRight', 6);
      await press(page, ' ');
      expect(await page.locator('select[name=noise]').inputValue()).toBe('drawn');
      const heights = parseHeights(new URLSearchParams(page.url().split('?')[1]).get('heights') ?? '');
      expect(new Set(heights.slice(25, 31))).toEqual(new Set([heights[25]]));
      expect(heights[25]).toBeGreaterThan(heights[0]);
      // More changes than browsers let the address make: they would warn, and leave the last ones out.
      await tabTo(page, 'Pointer: x');
      await press(page, 'Home');
      for (let i = 0; i < 4; i++) {
        await press(page, 'ArrowRight', 40);
        await press(page, 'ArrowLeft', 35);
      }
      await expect.poll(() => page.url()).toContain('x=-0.5');
    });
  });

  test('sets the box of a person, and opens files', async () => {
    await visit('#/pose?seed=5', async (page) => {
      await page.waitForSelector('[data-joints]');
      await tabTo(page, 'Draw a box');
      await press(page, 'ArrowLeft', 10);
      await press(page, 'ArrowUp', 10);
      await press(page, ' ');
      await press(page, 'ArrowRight', 20);
      await press(page, 'ArrowDown', 16);
      await press(page, ' ');
      // A quarter from the left and the top of 480 pixels, half as wide as they, two fifths as tall.
      await expect
        .poll(() => page.inputValue('#person'), { timeout: PATIENCE })
        .toMatch(/^(119|120) (119|120) 240 192$/);
      await choose(page, 'Picture\u2026');
    });
  });

  test('steps a tape to its end, where the button keeps the focus', async () => {
    await visit('#/tape?device=reference', async (page) => {
      await page.waitForSelector('[data-done="true"]');
      await tabTo(page, 'Forward');
      await press(page, 'Enter', 40);
      expect(await page.locator('.moment').textContent()).toMatch(/^Backwards/);
      expect((await focused(page)).name).toContain('Forward');
      await press(page, 'Shift+Tab');
      await press(page, 'Enter');
      expect(await page.locator('output[for=step]').textContent()).toBe('5 of 6');
    });
  });

  test('measures a case, goes to its kernel, and takes a file away without losing its place', async () => {
    await visit('#/kernels?ops=matmul, flow&time=20', async (page) => {
      await page.waitForSelector('.kernel[data-done]', { state: 'attached' });
      await tabTo(page, 'Cases that contain');
      await press(page, 'Enter');
      await page.waitForSelector('.summary[data-done]');
      const report = page.locator('.measured button').first();
      const chooser = await choose(page, 'Open\u2026');
      await chooser.setFiles('bench/results/llvmpipe-ops.json');
      await page.waitForSelector('.legend button');
      await tabTo(page, 'Remove');
      await press(page, 'Enter');
      expect((await focused(page)).name).toContain('ul Adapters');
      await tabTo(page, (await report.textContent()) ?? '');
      await press(page, 'Enter');
      expect((await focused(page)).name).toMatch(/^select Case/);
    });
  });
});
