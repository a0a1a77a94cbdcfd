import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { findChromium, launchChromium, watch } from '../../test/browser/chromium.js';
import { serveFolder } from './serve.js';
import { buildSite } from './site.js';
import { beforeWorkers } from './workers.js';

/** Ten times what a page on a quiet machine takes. */
export const PATIENCE = Number(process.env.LAB_PATIENCE ?? 300_000);

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The built lab, served, and a browser. */
export interface OpenLab {
  readonly browser: Browser;
  readonly url: string;
  /**
   * Opens a room in a page of its own, hands it to `use`, and fails if the page reported an error or asked another host.
   * `beforeWorker` is code that runs first in each worker.
   */
  visit(hash: string, use: (page: Page) => Promise<void>, beforeWorker?: string): Promise<void>;
}

/** Describes tests of the lab in a browser: it is built and served for them. Without a Chromium they are skipped, loudly. */
export function describeInBrowser(name: string, tests: (lab: OpenLab) => void): void {
  const chromium = findChromium();
  if (!chromium) {
    process.stderr.write(
      `\nlab: no Chromium on the path, nor in CHROMIUM: THE TESTS OF ${name} IN A BROWSER ARE SKIPPED\n\n`,
    );
  }
  describe.skipIf(!chromium)(name, () => {
    const folder = mkdtempSync(join(tmpdir(), 'wgrad-lab-'));
    let browser: Browser;
    let server: Awaited<ReturnType<typeof serveFolder>>;
    beforeAll(async () => {
      buildSite(folder);
      server = await serveFolder(folder);
      browser = await launchChromium(chromium as string);
    });
    afterAll(async () => {
      await browser?.close();
      server?.close();
      rmSync(folder, { recursive: true, force: true });
    });
    tests({
      get browser() {
        return browser;
      },
      get url() {
        return server.url;
      },
      async visit(hash, use, beforeWorker = '') {
        const page = await browser.newPage();
        page.setDefaultTimeout(PATIENCE);
        const faults = watch(page, new URL(server.url).origin);
        if (beforeWorker) await beforeWorkers(page, beforeWorker);
        await page.goto(server.url + hash);
        await use(page);
        expect(faults).toEqual([]);
        // A worker may be on its way still.
        await page.unrouteAll({ behavior: 'ignoreErrors' });
        await page.close();
      },
    });
  });
}

export const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

/** The rules of accessibility that the page breaks, in both schemes and at the width of a phone. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [360, 1280]) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height: 800 });
      await page.waitForTimeout(300); // until colours have changed
      const broken: string[] = await page.evaluate(
        'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join(" ")))',
      );
      found.push(...broken.map((text) => `${colorScheme} ${width}: ${text}`));
      const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      if (Number(overflow) > 0) found.push(`${colorScheme} ${width}: overflows by ${overflow} px`);
    }
  }
  return found;
}
