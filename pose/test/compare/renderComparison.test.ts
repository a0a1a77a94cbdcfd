import { SaxesParser } from 'saxes';
import { expect, test } from 'vitest';
import type { Comparison } from '../../src/node/compare/comparison.js';
import { renderComparison } from '../../src/node/compare/renderComparison.js';
import { sampleComparison } from './sampleComparison.js';

/** Parses strictly, as XML, and gives the text of the page without its style. */
function textOf(page: string): string {
  let text = '';
  const open: string[] = [];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name }) => open.push(name));
  parser.on('closetag', () => open.pop());
  parser.on('text', (piece) => {
    if (!open.includes('style')) text += piece.replace(/\s+/g, ' ');
  });
  parser.write(page).close();
  return text;
}

test('the page is well-formed, needs nothing from elsewhere and draws numbers only', () => {
  const page = renderComparison(sampleComparison());
  expect(textOf(page)).toContain('2 methods on lsp');
  expect(page).not.toMatch(/<script|<link|<img| (src|href)=|NaN|Infinity|undefined|null|\[object/);
});

test('the verdict tells what the seeds tell apart from what they do not', () => {
  const text = textOf(renderComparison(sampleComparison()));
  expect(text).toContain('By PCK@0.2 the order is l1 (37.0 %), rle (35.5 %)');
  expect(text).toContain('the paper has rle (70.5 AP), l1 (58.1 AP)');
  // Deviations of 1 and 0.71 points over 2 + 1 degrees of freedom: sqrt((2 x 1 + 0.5) / 3) = 0.91, and 1.5 is less than twice.
  expect(text).toContain('so that nothing is claimed: l1 over rle by 1.5 points (standard deviation 0.9)');
  expect(text).toContain('rle (1 of 3 diverged)');
});

test('of one run of one epoch each, that came out alike, neither an order nor a scale is claimed', () => {
  const { rows, contrasts, config, data, ...rest } = sampleComparison();
  const one = (value: number) => ({ values: [value], mean: value, std: null });
  const scores = { pck10: one(0.01674107), pck20: one(0.35501), pck50: one(0.6), error: one(0.1) };
  const alike = rows.map((row) => ({ ...row, scores, diverged: [], seeds: row.seeds.slice(0, 1), curve: [0.35501] }));
  const page = renderComparison({
    ...{ ...rest, seeds: [1], rows: alike, data: { ...data, train: 32, test: 1 } },
    config: { ...config, epochs: 1, batch: 32 },
    contrasts: contrasts.map((contrast) => ({ ...contrast, difference: 0, pooledStd: null, clear: null })),
  });
  const text = textOf(page);
  expect(text).toContain('By PCK@0.2 the order is l1 and rle (35.5 %)');
  expect(text).toContain('number is from 1 image that no run has seen');
  expect(text).toContain('1 epoch, 1 step of 32 images each');
  const [first, , learning] = [...page.matchAll(/<svg .*?<\/svg>/gs)].map(([svg]) => svg);
  const ticks = /aria-label="x-axis tick label".*?<\/g>/s.exec(first)?.[0].match(/<text[^>]*>[^<]*/g) as string[];
  expect(ticks.length).toBeGreaterThan(1);
  for (const tick of ticks) expect(tick).toMatch(/>\d+(\.\d)?$/);
  expect(learning.match(/<circle [^>]*r="4.5"/g)).toHaveLength(2);
});

test('calibration error and sharpness stand last, with a dash where there is no sigma', () => {
  const rows = renderComparison(sampleComparison()).match(/<tr class="(row|baseline)">.*?<\/tr>/gs) ?? [];
  const ends = rows.map((row) => [...row.matchAll(/<td>(.*?)<\/td>/g)].slice(-2).map(([, cell]) => cell));
  const spread = (mean: string, std: string) => `${mean}<small>&#160;±&#160;${std}</small>`;
  expect(ends).toEqual([
    ['–', '–'],
    [spread('3.2', '0.0'), spread('32.0', '0.4')],
    ['–', '–'],
  ]);
});

test('a comparison that has just begun is a page too', () => {
  const { rows, ...rest } = sampleComparison();
  const none = { values: [], mean: Number.NaN, std: null };
  const empty: Comparison = {
    ...rest,
    rows: rows.map(({ confidence, ...row }) => ({
      ...row,
      ...{ seeds: [], diverged: [], curve: [], scores: { pck10: none, pck20: none, pck50: none, error: none } },
    })),
    contrasts: [],
    data: { ...rest.data, name: 'a<b&c' },
  };
  const page = renderComparison(empty);
  expect(textOf(page)).toContain('2 methods on a<b&c');
  expect(textOf(page)).toContain('Runs done: 0 of 6.');
  expect(page).not.toMatch(/NaN|Infinity|undefined/);
});
