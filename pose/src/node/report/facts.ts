import type { Fact } from '../../report/runReport.js';
import { html, type Markup } from './markup.js';

/** What was run, as a list of names and values. */
export function facts(list: readonly Fact[]): Markup {
  return html`<dl class="facts">${list.map(
    ({ label, value }) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`,
  )}</dl>`;
}
