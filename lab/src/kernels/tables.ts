import type { BenchRow } from 'wgrad/testing';
import { element } from '../shell/element.js';
import type { Facts } from '../shell/facts.js';
import { swatch } from '../shell/swatch.js';
import { table, tableRow } from '../shell/table.js';
import type { Setting } from './engine.js';
import { rowsByKey, type Source, shortName } from './reports.js';
import { caseKey } from './selection.js';

/** Milliseconds, or rates, to three digits. */
export const digits = (x: number): string => (x >= 1000 ? Math.round(x).toString() : x.toPrecision(3));

/** The table of what was measured here. */
export function measuredTable(rows: HTMLElement): HTMLElement {
  const titles = ['Case', 'p50 ms', 'p99 ms', 'GFLOP/s', 'GB/s', 'Of the ceiling'];
  return table('Measured here', titles, rows, { kind: 'measured' });
}

/** A row of it; `show` shows the kernel of its case. */
export function measuredRow(row: BenchRow, show: (key: string) => void): HTMLElement {
  const key = caseKey(row.op, row.name);
  const share = Math.max(row.ofFma, row.ofCopy);
  const which = row.ofFma > row.ofCopy ? 'FMA' : 'copy';
  const bar = element('span', { class: 'meter', 'aria-hidden': 'true' });
  bar.style.setProperty('--share', String(Math.min(1, share)));
  const open = element('button', { type: 'button', class: 'plain', onclick: () => show(key) }, row.op);
  const made = tableRow(
    [open, element('span', { class: 'case' }, ` ${row.name}`)],
    [
      ...[row.p50, row.p99].map(digits),
      ...[row.gflops, row.gbs].map((rate) => (rate > 0 ? digits(rate) : '\u2013')),
      element('span', { class: 'share' }, bar, `${(100 * share).toFixed(0)}\u00a0% ${which}`),
    ],
  );
  made.dataset.key = key;
  return made;
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
      if (ms === undefined) return '\u2013';
      return ms === best ? element('b', {}, digits(ms)) : digits(ms);
    });
    return tableRow(key, cells);
  });
  const names = sources.map((source) => element('span', {}, swatch(source.colour), ` ${shortName(source.report)}`));
  return table('Adapters compared', ['Case: p50 in ms', ...names], element('tbody', {}, body), { kind: 'comparison' });
}

/** The ceilings and the clock in words. */
export function settingFacts({ ceilings: { gflops, gbs }, clock }: Setting): Facts {
  return {
    'FMA ceiling': [digits(gflops), 'GFLOP/s'],
    'Copy ceiling': [digits(gbs), 'GB/s'],
    'They meet at': [digits(gflops / gbs), 'FLOP/B'],
    Clock: clock === 'host' ? 'the host\u2019s' : 'timestamps',
  };
}
