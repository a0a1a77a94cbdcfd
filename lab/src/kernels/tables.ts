import type { BenchRow, Ceilings } from 'wgrad/testing';
import { element } from '../shell/element.js';
import { rowsByKey, type Source, shortName } from './reports.js';
import { caseKey } from './selection.js';

/** Milliseconds, or rates, to three digits. */
export const digits = (x: number): string => (x >= 1000 ? Math.round(x).toString() : x.toPrecision(3));

const header = (titles: readonly (string | HTMLElement)[], words: number) =>
  element(
    'thead',
    {},
    element(
      'tr',
      {},
      titles.map((title, i) => element('th', { scope: 'col', class: i < words && 'words' }, title)),
    ),
  );

/** The table of what was measured here. */
export function measuredTable(rows: HTMLElement): HTMLTableElement {
  return element(
    'table',
    { class: 'measured' },
    header(['Case', 'p50 ms', 'p99 ms', 'GFLOP/s', 'GB/s', 'Of the ceiling'], 1),
    rows,
  );
}

/** A row of it; `show` shows the kernel of its case. */
export function measuredRow(row: BenchRow, show: (key: string) => void): HTMLElement {
  const key = caseKey(row.op, row.name);
  const share = Math.max(row.ofFma, row.ofCopy);
  const which = row.ofFma > row.ofCopy ? 'FMA' : 'copy';
  const bar = element('span', { class: 'meter', 'aria-hidden': 'true' });
  bar.style.setProperty('--share', String(Math.min(1, share)));
  const open = element('button', { type: 'button', class: 'plain', onclick: () => show(key) }, row.op);
  return element(
    'tr',
    { 'data-key': key },
    element('th', { scope: 'row' }, open, element('span', { class: 'case' }, ` ${row.name}`)),
    [row.p50, row.p99].map((ms) => element('td', {}, digits(ms))),
    [row.gflops, row.gbs].map((rate) => element('td', {}, rate > 0 ? digits(rate) : '\u2013')),
    element('td', {}, element('span', { class: 'share' }, bar, `${(100 * share).toFixed(0)}\u00a0% ${which}`)),
  );
}

/** The medians of the cases that several sources have, the fastest in bold. */
export function comparisonTable(sources: readonly Source[]): HTMLElement | undefined {
  const rows = sources.map(({ report }) => rowsByKey(report));
  const keys = [...new Set(rows.flatMap((one) => [...one.keys()]))].filter(
    (key) => rows.filter((one) => one.has(key)).length > 1,
  );
  if (keys.length === 0) return undefined;
  const body = keys.map((key) => {
    const times = rows.map((one) => one.get(key)?.p50);
    const best = Math.min(...times.filter((ms) => ms !== undefined));
    const cells = times.map((ms) => {
      if (ms === undefined) return element('td', {}, '\u2013');
      return element('td', {}, ms === best ? element('b', {}, digits(ms)) : digits(ms));
    });
    return element('tr', {}, element('th', { scope: 'row' }, key), cells);
  });
  const names = sources.map((source) => element('span', {}, swatch(source.colour), ` ${shortName(source.report)}`));
  return element(
    'table',
    { class: 'comparison' },
    header(['Case: p50 in ms', ...names], 1),
    element('tbody', {}, body),
  );
}

/** A dot of a source's colour. */
export function swatch(colour: string): HTMLElement {
  const dot = element('span', { class: 'swatch', 'aria-hidden': 'true' });
  dot.style.background = `var(--${colour})`;
  return dot;
}

/** The ceilings in words. */
export function ceilingFacts({ gflops, gbs }: Ceilings): [string, string][] {
  return [
    ['FMA ceiling', `${digits(gflops)} GFLOP/s`],
    ['Copy ceiling', `${digits(gbs)} GB/s`],
    ['They meet at', `${digits(gflops / gbs)} FLOP/B`],
  ];
}
