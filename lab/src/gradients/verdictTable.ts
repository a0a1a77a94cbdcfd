import { element } from '../shell/element.js';
import type { Verdict } from './verdict.js';

const TITLES = ['Op', 'Checks', 'Gradient', 'Second', 'Kernel', 'Verdict'];

/** The table of verdicts. */
export function verdictTable(rows: HTMLElement): HTMLTableElement {
  const head = TITLES.map((title) => element('th', { scope: 'col', class: title === 'Verdict' && 'words' }, title));
  return element('table', {}, element('thead', {}, element('tr', {}, head)), rows);
}

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
  return element(
    'tr',
    { class: isFine ? undefined : 'failed' },
    element('th', { scope: 'row' }, samples),
    element('td', {}, String(checks)),
    [first, second, kernel].map((x) => element('td', {}, share(x))),
    element('td', { class: 'words' }, isFine ? 'ok' : `${failures.length} failed`),
  );
}
