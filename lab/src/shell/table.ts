import { type Child, element } from './element.js';

export interface TableOptions {
  readonly kind?: string;
  /** Which columns, counted from 0, hold words instead of numbers; the first always does. */
  readonly words?: readonly number[];
  /** Rows are too long for most screens: there each cell stands after the title of its column, below the head of its row. */
  readonly isWide?: boolean;
}

/** A table in a region that scrolls where there is too little room. Rows come from `tableRow`. */
export function table(
  label: string,
  titles: readonly (string | HTMLElement)[],
  rows: HTMLElement,
  { kind = '', words = [], isWide = false }: TableOptions = {},
): HTMLElement {
  const isWords = (i: number) => i === 0 || words.includes(i);
  // The roles are those that a table has anyway; browsers forget them where a style sheet makes its rows into grids.
  rows.setAttribute('role', 'rowgroup');
  const heads = titles.map((title, i) =>
    title === ''
      ? element('td', { role: 'cell' })
      : element('th', { scope: 'col', role: 'columnheader', class: isWords(i) && 'words' }, title),
  );
  const made = element(
    'table',
    { role: 'table', class: `${kind} ${isWide ? 'listed' : 'stacked'}`.trim() },
    element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, heads)),
    rows,
  );
  made.style.setProperty('--cells', String(titles.length - 1));
  return element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': label }, made);
}

/** A row of a table: what it is of, and its cells. */
export function tableRow(
  head: Child,
  cells: readonly Child[],
  { kind, words = [] }: Omit<TableOptions, 'isWide'> = {},
): HTMLTableRowElement {
  return element(
    'tr',
    { role: 'row', class: kind },
    element('th', { scope: 'row', role: 'rowheader' }, head),
    cells.map((cell, i) => element('td', { role: 'cell', class: words.includes(i + 1) && 'words' }, cell)),
  );
}
