import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { cpu } from 'wgrad';
import { judgeCode } from '../src/gradients/ownOp.js';
import { describeInBrowser, violations } from './openLab.js';

describeInBrowser('an op of one\u2019s own in the room Gradients', (lab) => {
  const cells = (page: Page) => page.locator('.own tbody td').allTextContents();
  const failed = (page: Page, pattern: RegExp) =>
    page.waitForFunction(
      (source) => new RegExp(source).test(document.querySelector('.own .results')?.textContent ?? ''),
      pattern.source,
    );

  test('is checked as the library checks it in Node, and a wrong gradient, kernel or text is told as what it is', async () => {
    await lab.visit('#/gradients', async (page) => {
      const code = await page.inputValue('.own textarea');
      const expected = await judgeCode(code, cpu(), 0);
      expect(expected.failures).toEqual([]);
      await page.locator('.own textarea').press('Control+Enter');
      await page.waitForSelector('[data-done="0"]');
      const shown = await cells(page);
      const share = (x: number | null) => `${(100 * x!).toPrecision(2)} %`;
      expect(shown.slice(1, 3)).toEqual([share(expected.first), share(expected.second)]);
      expect(shown[3]).toMatch(/ %$/);
      expect(shown[4]).toBe('ok');
      expect(await violations(page)).toEqual([]);

      await page.fill('.own textarea', code.replace('() => div(g', '() => div(mul(g, 2)'));
      await failed(page, /a factor of 2/);
      expect(await violations(page)).toEqual([]);
      await page.fill('.own textarea', code.replace('(1.0 + abs', '(1.1 + abs'));
      await failed(page, /softsign.*gave .*, the reference .*ulp/);
      await page.fill('.own textarea', 'return {');
      await page.waitForSelector('.own .status.failed');
      await page.fill('.own textarea', code.replace('samples: [', 'samples: 3, other: ['));
      await failed(page, /the code returns no samples/);
      // Code that never ends is ended by the next change.
      await page.fill('.own textarea', 'for (;;) {}');
      await page.waitForTimeout(1500);
      await page.fill('.own textarea', code);
      await page.waitForSelector('.own .status:not(.failed)');
      await page.waitForSelector('[data-done="0"]');
      expect((await cells(page))[4]).toBe('ok');
      await page.reload();
      await page.waitForSelector('[data-done="0"]');
    });
  });
});
