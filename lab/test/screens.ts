// `npm run screens --workspace wgrad-lab`: a picture of each room at three widths in both schemes, in out/lab, to look at.
// `-- flow 3840 dark` takes those of the rooms, widths and schemes that are named.

import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatBenchReport, parseBenchReport } from 'wgrad/testing';
import { findChromium, launchChromium, watch } from '../../test/browser/chromium.js';
import { serveFolder } from './serve.js';

const WIDTHS = [360, 1280, 3840];
const SCHEMES = ['light', 'dark'] as const;
/** Each of these is photographed; `unfolded` with open lists, and `files` with measurements of other adapters. */
const ADDRESSES: Readonly<Record<string, { hash: string; ready: string; unfolded?: true; files?: true }>> = {
  flow: { hash: '#/flow?until=300&speed=50', ready: '[data-steps="300"]' },
  rle: { hash: '#/rle?until=300&speed=50&lr=0.01', ready: '[data-steps="300"]' },
  joints: { hash: '#/rle?task=joints&until=150&speed=25', ready: '[data-steps="150"]' },
  tape: { hash: '#/tape?example=matmul', ready: '[data-done="true"]' },
  hvp: { hash: '#/tape?example=hvp&step=9', ready: '[data-done="true"]', unfolded: true },
  gradients: { hash: '#/gradients?ops=add,conv2d,softmax,flowLogProb&run=1', ready: '.summary[data-done]' },
  tutorial: { hash: '#/tutorial', ready: '.tutorial[data-done]' },
  pose: { hash: '#/pose', ready: '[data-joints]' },
  kernels: { hash: '#/kernels?run=1&time=60', ready: '.summary[data-done]' },
  compare: { hash: '#/kernels?ops=matmul;exp;sum&run=1&time=60', ready: '.summary[data-done]', files: true },
  adapter: { hash: '#/adapter', ready: '[data-done]' },
};

const lab = join(import.meta.dirname, '..');
const out = join(lab, '../out/lab');

/** Measurements as other GPUs might have them: those of the repository, of other names and speeds. */
function otherAdapters() {
  const measured = readFileSync(join(lab, '../bench/results/llvmpipe-ops.json'), 'utf8');
  return [30, 200].map((faster) => {
    const report = parseBenchReport(measured, 'llvmpipe-ops.json');
    const rows = report.rows.map((row, i) => {
      const times = faster * [0.01, 1, 0.3][i % 3];
      return { ...row, p50: row.p50 / times, p99: row.p99 / times, gflops: row.gflops * times };
    });
    const { gflops, gbs } = report.ceilings;
    const ceilings = { ...report.ceilings, gflops: gflops * faster, gbs: gbs * faster };
    const text = formatBenchReport({ ...report, device: `an adapter ${faster} times as fast`, ceilings, rows });
    return { name: `times-${faster}.json`, mimeType: 'application/json', buffer: Buffer.from(text) };
  });
}

async function main(words: readonly string[]): Promise<void> {
  const chromium = findChromium();
  if (!chromium) throw new Error('screens: no Chromium on the path, nor in CHROMIUM');
  mkdirSync(out, { recursive: true });
  const { url, close } = await serveFolder(join(lab, 'dist'));
  const browser = await launchChromium(chromium);
  const named = <T>(all: readonly T[]) => {
    const some = all.filter((one) => words.includes(String(one)));
    return some.length > 0 ? some : all;
  };
  const numbers = words.map(Number).filter((width) => width > 0);
  const shots = named(SCHEMES).flatMap((scheme) =>
    (numbers.length > 0 ? numbers : WIDTHS).map((width) => ({ scheme, width })),
  );
  for (const room of named(Object.keys(ADDRESSES))) {
    const { hash, ready, unfolded, files } = ADDRESSES[room];
    const page = await browser.newPage();
    const faults = watch(page, new URL(url).origin);
    await page.goto(url + hash);
    await page.waitForSelector(ready, { timeout: 300_000, state: 'attached' });
    // What is out of sight is laid out too.
    await page.addStyleTag({ content: '* { content-visibility: visible !important }' });
    if (files) {
      await page.setInputFiles('input[type=file]', otherAdapters());
      await page.waitForSelector('.legend li:nth-child(4)');
    }
    if (unfolded) await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
    for (const { scheme, width } of shots) {
      const name = `${room}-${width}-${scheme}`;
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: width === 360 ? 740 : Math.round(width * 0.6) });
      await page.waitForTimeout(500);
      await page.screenshot({ path: join(out, `${name}.png`), fullPage: true });
      const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      console.log(name, Number(overflow) > 0 ? `overflows by ${overflow}` : '');
    }
    for (const fault of faults) console.log(room, fault);
    await page.close();
  }
  await browser.close();
  close();
}

await main(process.argv.slice(2));
