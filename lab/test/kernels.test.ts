import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { benchEntries, formatBenchReport, parseBenchReport } from 'wgrad/testing';
import { indented } from '../src/kernels/indented.js';
import { caseKey, chosenCases, SMALL } from '../src/kernels/selection.js';
import { describeInBrowser, press, violations } from './openLab.js';

const entries = new Map(benchEntries().map((entry) => [caseKey(entry.cases.op.def.name, entry.bench.name), entry]));
const keys = [...entries.keys()];

describe('the choice of cases', () => {
  test('is a dozen that there are, unless words say more', () => {
    expect(chosenCases(keys, '').sort()).toEqual([...SMALL].sort());
    expect(chosenCases(keys, 'matmul, 256; matmul, 512')).toEqual(['matmul, 256 cubed', 'matmul, 512 cubed']);
    expect(chosenCases(keys, 'no such op')).toEqual([]);
  });
});

test('WGSL that a package holds without its insets is shown with them', () => {
  expect(indented('fn f(\nx: f32\n){\nif (x>0){\nlet y=g(\n\n\n\nx);\n} else {\nh();\n}\n}\n')).toBe(
    'fn f(\n  x: f32\n){\n  if (x>0){\n    let y=g(\n\n      x);\n  } else {\n    h();\n  }\n}',
  );
});

const TWO = ['matmul, flow layer, 32 x 14 points', 'sum, bias gradient, 64x512 to 512'];
const ADDRESS = `#/kernels?ops=${encodeURIComponent(TWO.join(';'))}&time=20&kernel=${encodeURIComponent(TWO[0])}`;

const status = (page: Page) => page.locator('.status').textContent();
const drop = (page: Page, name: string, text: string) =>
  page.setInputFiles('input[type=file]', { name, mimeType: 'application/json', buffer: Buffer.from(text) });

describeInBrowser('the room Kernels', (lab) => {
  test('times cases, and its export is a file that the library reads, with rates as it counts them', async () => {
    await lab.visit(`${ADDRESS}&run=1`, async (page) => {
      await page.waitForSelector('.summary[data-done]');
      const counts = JSON.parse((await page.locator('.summary').getAttribute('data-done'))!);
      expect(counts).toEqual({ cases: 2, timed: 2, failed: 0 });
      const [saved] = await Promise.all([page.waitForEvent('download'), press(page, 'Export')]);
      const report = parseBenchReport(readFileSync((await saved.path())!, 'utf8'), 'exported');
      expect(report.device).toMatch(/swiftshader/i);
      expect(report.runtime).toMatch(/Chrome \d+/);
      expect(report.rows.map((row) => caseKey(row.op, row.name))).toEqual(TWO);
      for (const row of report.rows) {
        const { flop, bytes } = entries.get(caseKey(row.op, row.name))!.bench;
        expect(row.checked).toBe('this shape');
        expect(row.samples).toBeGreaterThanOrEqual(9);
        expect(row.gflops).toBeCloseTo(flop / row.p50 / 1e6);
        expect(row.gbs).toBeCloseTo(bytes / row.p50 / 1e6);
        expect(row.ofCopy).toBeCloseTo(row.gbs / report.ceilings.gbs);
        const shown = page.locator(`tr[data-key="${caseKey(row.op, row.name)}"] td`).first();
        expect(Number(await shown.textContent())).toBeCloseTo(row.p50, 1);
      }
      const compared = await page.locator('.comparison tbody th').allTextContents();
      expect(compared).toEqual([...TWO].sort());

      await page.waitForSelector(`.kernel[data-done="${TWO[0]}"]`);
      expect(await page.locator('.kernel .choice').textContent()).toMatch(/matmul 448 x 64 x 64 x 1.*(subgroup|tile)/);
      expect(await page.locator('.listing pre').first().textContent()).toMatch(/@compute[\s\S]*fn main/);
      expect(await violations(page)).toEqual([]);

      await press(page, 'Tune');
      await page.waitForSelector('.tuned tbody tr');
      const candidates = await page.locator('.tuned tbody tr').allTextContents();
      expect(candidates.length).toBeGreaterThan(1);
      expect(candidates.filter((row) => row.includes('chosen'))).toHaveLength(1);
      expect(candidates.filter((row) => row.includes('built in'))).toHaveLength(1);
    });
  });

  test('compares files that are opened, says in a line what is none, and takes them away again', async () => {
    const path = join(import.meta.dirname, '../../bench/results/llvmpipe-ops.json');
    const report = parseBenchReport(readFileSync(path, 'utf8'), path);
    const faster = formatBenchReport({
      ...report,
      device: 'a faster one',
      rows: report.rows.map((r) => ({ ...r, p50: r.p50 / 2 })),
    });
    await lab.visit(ADDRESS, async (page) => {
      await page.waitForSelector('.legend li');
      for (const [name, text, says] of [
        ['empty.json', '', /empty\.json: not JSON \(the file is empty\)/],
        ['picture.json', '\u0089PNG', /picture\.json: not JSON/],
        ['other.json', '{"device": 1}', /other\.json: "device" is no text; expected measurements/],
      ] as const) {
        await drop(page, name, text);
        await page.waitForFunction(
          (pattern) => new RegExp(pattern).test(document.querySelector('.failed')?.textContent ?? ''),
          says.source,
        );
      }
      expect(await violations(page)).toEqual([]);
      await drop(page, 'faster.json', faster);
      await page.waitForSelector('.legend li:nth-child(2)');
      expect(await status(page)).toBe(`faster.json: ${report.rows.length} cases of a faster one.`);
      expect(await page.locator('.comparison tbody tr').count()).toBe(report.rows.length);
      expect(await page.locator('.comparison tbody tr').first().locator('td b').textContent()).toBe(
        await page.locator('.comparison tbody tr').first().locator('td').last().textContent(),
      );
      await press(page, 'Remove');
      expect(await page.locator('.legend li').count()).toBe(1);
    });
  });

  test('a case that there is not is said in a line', async () => {
    await lab.visit('#/kernels?ops=conv9d&run=1', async (page) => {
      await page.waitForSelector('.failed');
      expect(await status(page)).toMatch(/no case contains 'conv9d'; there is abs, /);
    });
  });

  test('without WebGPU says so in a line, and files are compared all the same', async () => {
    const without = "Object.defineProperty(navigator, 'gpu', { value: undefined })";
    const use = async (page: Page) => {
      await page.waitForSelector('.failed');
      expect(await status(page)).toMatch(/this browser has no WebGPU.*no kernels to time, but files can be compared/);
      await page.waitForSelector('.legend li');
      await press(page, 'Measure');
      await page.waitForSelector('.failed button');
      expect(await status(page)).toMatch(/has no kernels to time/);
    };
    await lab.visit('#/kernels', use, without);
  });

  test('the address holds the settings through a reload', async () => {
    await lab.visit('#/kernels', async (page) => {
      await page.fill('#ops', 'matmul, 256');
      await page.selectOption('#case', 'exp, [8, 56, 56, 64]');
      await page.reload();
      await page.waitForSelector('.kernel[data-done="exp, [8, 56, 56, 64]"]');
      expect(await page.inputValue('#ops')).toBe('matmul, 256');
    });
  });
});
