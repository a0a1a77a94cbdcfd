import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { WORK } from './busy.js';
import { describeInBrowser, PATIENCE } from './openLab.js';

/** Rooms that have settings, and how many of them a hand can change. */
const CONTROLS: Readonly<Record<string, number>> = {
  flow: 8,
  rle: 8,
  joints: 7,
  pose: 4,
  gradients: 3,
  kernels: 3,
  tape: 2,
  tutorial: 1,
};
/** What is typed into fields of text, by what stands above them. */
const TEXTS = { Letter: 'Q', 'Ops, by name': 'add', 'Cases that contain': 'exp', 'Box of the person': '60 50 300 340' };
const FIELDS = 'main select, main input:not([type=file])';
const nameOf = 'const nameOf = (field) => field.labels[0].firstChild.textContent;';

/** What the controls of a room show, by their names. */
const shown = (page: Page) =>
  page.evaluate(`${nameOf} Object.fromEntries(
    [...document.querySelectorAll('${FIELDS}')].map((field) => [nameOf(field), field.value]))`) as Promise<
    Record<string, string>
  >;

/** Sets every control to something else, as a hand does: by its events. */
const change = (page: Page) =>
  page.evaluate(`${nameOf} for (const field of document.querySelectorAll('${FIELDS}')) {
    if (field.matches('select')) field.selectedIndex = (field.selectedIndex + 1) % field.options.length;
    else if (field.type === 'range') {
      const [least, most] = [Number(field.min), Number(field.max)];
      const share = (field.valueAsNumber - least) / (most - least);
      field.valueAsNumber = least + (most - least) * (share > 0.5 ? share - 0.3 : share + 0.3);
    } else if (field.type === 'number') field.valueAsNumber += 1;
    else field.value = ${JSON.stringify(TEXTS)}[nameOf(field)] ?? field.value;
    for (const kind of ['input', 'change']) field.dispatchEvent(new Event(kind, { bubbles: true }));
  }`);

describeInBrowser('the settings of the lab', ({ visit }) => {
  test.each(Object.entries(CONTROLS))(
    'of %s that the hand has changed are there after a reload, and after leaving and coming back',
    async (room, count) => {
      const { hash, done } = WORK[room];
      await visit(hash.replace(/until=\d+/, 'until=0').replace('&run=1', ''), async (page) => {
        const isReady = async () => {
          await page.waitForSelector('main h1');
          await page.waitForSelector(/until/.test(hash) ? '[data-steps="0"]' : FIELDS, { state: 'attached' });
          if (/pose|kernels|tape/.test(room)) {
            const ready = room === 'kernels' ? '.kernel[data-done]' : done;
            await page.waitForSelector(ready, { state: 'attached' });
          }
        };
        await isReady();
        const before = await shown(page);
        await change(page);
        await page.waitForTimeout(500);
        await isReady();
        const set = await shown(page);
        expect(Object.keys(set).filter((name) => set[name] !== before[name]).length).toBeGreaterThanOrEqual(count);
        await page.reload();
        await isReady();
        await expect.poll(() => shown(page), { timeout: PATIENCE }).toEqual(set);
        await page.getByRole('link', { name: 'This adapter' }).click();
        await page.waitForSelector('h1:text("This adapter")');
        await page.goBack();
        await isReady();
        await expect.poll(() => shown(page), { timeout: PATIENCE }).toEqual(set);
      });
    },
  );

  test('keep the box that is set for a figure, until there is another one', async () => {
    await visit('#/pose?seed=7', async (page) => {
      const ready = () => page.waitForSelector('[data-joints]', { state: 'attached' });
      await ready();
      const own = await page.inputValue('#person');
      await page.fill('#person', '60 50 300 340');
      await page.press('#person', 'Enter');
      expect(page.url()).toContain('box=60+50+300+340');
      await page.reload();
      await ready();
      expect(await page.inputValue('#person')).toBe('60 50 300 340');
      await page.getByRole('button', { name: 'Another figure' }).click();
      await expect.poll(() => page.inputValue('#person'), { timeout: PATIENCE }).not.toBe('60 50 300 340');
      expect(await page.inputValue('#person')).not.toBe(own);
      expect(page.url()).not.toContain('box=');
    });
  });

  test.each(Object.keys(WORK))('of a system that wants less motion are heeded in the room of %s', async (room) => {
    const { hash, done } = WORK[room];
    await visit('#/adapter', async (page) => {
      await page.emulateMedia({ reducedMotion: 'reduce' });
      await page.goto(page.url().replace(/#.*/, hash.replace(/until=\d+/, 'speed=1')));
      await page.waitForSelector(/until/.test(hash) ? '[data-steps="0"]' : done, { state: 'attached' });
      if (room === 'tutorial') {
        await page.locator('.live .transport').scrollIntoViewIfNeeded();
        await page.waitForSelector('.moment[data-steps="0"]');
      }
      await page.locator('main').focus();
      for (const link of await page.locator('nav a').all()) await link.hover();
      expect(await page.evaluate('document.getAnimations().length')).toBe(0);
      const seen = await page.locator('main').textContent();
      await page.waitForTimeout(1000);
      expect(await page.locator('main').textContent()).toBe(seen);
    });
  });
});
