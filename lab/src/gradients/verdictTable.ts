import { element } from '../shell/element.js';
import { table, tableRow } from '../shell/table.js';
import type { Verdict } from './verdict.js';

const TITLES = ['Op', 'Checks', 'Gradient', 'Second', 'Kernel', 'Verdict'];
const words = [TITLES.indexOf('Verdict')];

/** The table of verdicts. */
export const verdictTable = (label: string, rows: HTMLElement): HTMLElement => table(label, TITLES, rows, { words });

/** A row of it, with the calls that were checked behind the op's name. */
export function rowOf({ op, checks, first, second, kernel, failures, calls }: Verdict): HTMLElement {
  const share = (x: number | null) => (x === null ? '\u2013' : `${(100 * x).toPrecision(2)} %`);
  const isFine = failures.length === 0;
  const samples = element(
    'details',
    {},
    element('summary', {}, op),
    element(
      'ul',
      {},
      calls.map((call) => element('li', {}, call || 'no operands')),
    ),
  );
  const verdict = isFine ? 'ok' : `${failures.length} failed`;
  const kind = isFine ? undefined : 'failed';
  return tableRow(samples, [String(checks), ...[first, second, kernel].map(share), verdict], { kind, words });
}
