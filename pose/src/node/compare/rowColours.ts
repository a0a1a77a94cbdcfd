import { html, type Markup } from '../report/markup.js';
import { ROW_NAMES, type RowName } from './rows.js';

/** Observable's ten and a crimson for Student-t, which are told apart on white and on black. */
const COLOURS = [
  ...['#9498a0', '#4269d0', '#9c6b4e', '#efb118', '#c2256b'],
  ...['#6cc5b0', '#ff725c', '#a463f2', '#ff8ab7', '#3ca951', '#97bbf5'],
];

/** A row's colour, the same in every chart and every report. */
export const colourOf = (row: RowName): string => COLOURS[ROW_NAMES.indexOf(row)];

/** Which colour is which row's. */
export function legend(rows: readonly RowName[]): Markup {
  return html`${rows.map((row) => html`<span class="key"><i style="background:${colourOf(row)}"></i>${row}</span>`)}`;
}
