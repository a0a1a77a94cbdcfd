import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { cpu } from 'wgrad';
import { standardNegLog } from 'wgrad/rle';
import { COSTS } from '../src/tutorial/costs.js';
import { GaugeLearner } from '../src/tutorial/gaugeLearner.js';
import { toHtml } from '../tutorialPlugin.js';
import { describeInBrowser, PATIENCE, violations } from './openLab.js';

const markdown = readFileSync(join(import.meta.dirname, '../../docs/tutorial.md'), 'utf8');

describe('the tutorial as HTML', () => {
  const html = toHtml(markdown, (path) => ({ address: `./${path}`, size: 'width="7"' }));
  const count = (pattern: RegExp) => [...html.matchAll(pattern)].length;

  test('has every formula typeset, every quote and every figure', () => {
    const formulas = markdown.split('```math\n').length - 1;
    expect(count(/class="formula"/g)).toBe(formulas);
    expect(count(/<math /g)).toBe(formulas + markdown.split('\\qquad').length - 1);
    expect(html).not.toMatch(/tml-error|merror/);
    expect(count(/<pre /g)).toBe([...markdown.matchAll(/^```/gm)].length / 2 - formulas);
    expect(count(/<section><h2 /g)).toBe(9);
    expect(count(/<img src="\.\/[\w./-]+\.svg" width="7" alt="[^"]{20,}"/g)).toBe(5);
  });

  test('links to sections and to other sites, and to no file that the site does not have', () => {
    const links = [...html.matchAll(/href="([^"]*)"/g)].map(([, href]) => href);
    expect(links.length).toBeGreaterThan(8);
    expect(links.filter((href) => !/^(https:|#\/tutorial\?section=\d+$)/.test(href))).toEqual([]);
    for (const [, number] of html.matchAll(/section=(\d+)/g)) expect(html).toContain(`id="section-${number}"`);
  });

  test('breaks formulas where they say another thing, and keeps quotes of code together', () => {
    const made = toHtml(
      '```math\na = 1, \\qquad b = 2\n```\n\nFrom there:\n\n```ts\nf();\n```\n```ts\ng();\n```\n',
      () => ({
        address: '',
        size: '',
      }),
    );
    expect(made.match(/<div class="formula" tabindex="0"><math .*?<\/math> <math .*?<\/math><\/div>/s)).not.toBeNull();
    expect(made.match(/<div class="quotes"><pre .*?<\/pre>\s*<pre .*?<\/pre>\s*<\/div>/s)).not.toBeNull();
  });

  test('shows code as it is', () => {
    expect(toHtml('```ts\nconst a = <T>(x: T) => x && "y";\n```', () => ({ address: '', size: '' }))).toContain(
      '<code>const a = &lt;T&gt;(x: T) =&gt; x &amp;&amp; &quot;y&quot;;</code>',
    );
  });
});

test('the costs of the live figure are those of the library', async () => {
  const errors = [-3, -0.5, 0, 0.2, 6];
  for (const [name, density] of [
    ['normal', 'gaussian'],
    ['laplace', 'laplace'],
    ['student', { studentT: 3 }],
  ] as const) {
    const costs = await standardNegLog(density, cpu().tensor(errors)).data();
    for (const [i, e] of errors.entries()) expect(COSTS[name].cost(e)).toBeCloseTo(costs[i], 6);
  }
});

test('the sigma of RLE drifts up, the Laplace\u2019s does not, and what the labels fix stays near the truth', async () => {
  const learner = new GaugeLearner(cpu());
  await learner.learn(80, 0.005);
  const { rle, laplace } = await learner.frame();
  expect(rle.sigma).toBeGreaterThan(1.3 * laplace.sigma);
  expect(laplace.sigma * laplace.std).toBeGreaterThan(0.8 * 0.05);
});

describeInBrowser('the room Tutorial', ({ visit }) => {
  test('lets the figure that learns rest while nobody sees it', async () => {
    const slowly = 'const post = self.postMessage.bind(self); self.postMessage = (m) => setTimeout(() => post(m), 400)';
    const use = async (page: Page) => {
      const steps = async () => Number(await page.locator('.book [data-steps]').getAttribute('data-steps'));
      await page.waitForSelector('.book [data-steps]:not([data-steps="0"])');
      await page.evaluate('scrollTo(0, 0)');
      let before = 0;
      const rests = async () => {
        before = await steps();
        await page.waitForTimeout(1500);
        return (await steps()) === before;
      };
      await expect.poll(rests, { timeout: PATIENCE }).toBe(true);
      expect(before).toBeLessThan(600);
      await page.locator('.book .live').last().scrollIntoViewIfNeeded();
      await expect.poll(steps, { timeout: PATIENCE }).toBeGreaterThan(before);
    };
    await visit('#/tutorial?section=6', use, slowly);
  });

  test('is read, goes to its sections, and its first figure answers the hand', async () => {
    await visit('#/tutorial', async (page) => {
      await page.waitForSelector('.tutorial[data-done]');
      expect(await page.locator('.book h2').count()).toBe(9);
      const sizes: number[] = await page.locator('.book img').evaluateAll(async (images: HTMLImageElement[]) => {
        await Promise.all(images.map((image) => image.decode()));
        return images.map((image) => image.naturalWidth / Number(image.getAttribute('width')));
      });
      expect(sizes).toHaveLength(3);
      for (const size of sizes) expect(size).toBe(1);
      expect(await page.locator('.book .moment').first().textContent()).toMatch(
        /error of 0\.10 .*: normal 0\.10, Laplace 0\.10/,
      );
      await page.locator('.book input[name=error]').fill('0.3');
      expect(await page.locator('.book .moment').first().textContent()).toMatch(
        /error of 0\.30 .*: normal 0\.30, Laplace 0\.30/,
      );
      expect(page.url()).toContain('error=0.3');
      await page.locator('.book .live').last().scrollIntoViewIfNeeded();
      await page.waitForSelector('.book [data-steps]:not([data-steps="0"])');
      expect(await violations(page)).toEqual([]);
      await page.getByRole('link', { name: 'log s, and what it changes' }).click();
      const top = () => page.locator('#section-5').evaluate((heading) => heading.getBoundingClientRect().top);
      await expect.poll(top, { timeout: PATIENCE }).toBeLessThan(60);
      await page.goBack();
      await page.waitForSelector('.tutorial[data-done]');
    });
  });
});
