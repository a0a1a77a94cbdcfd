import { html, type Markup } from '../report/markup.js';
import { decimals, percent } from '../report/numbers.js';
import type { Comparison } from './comparison.js';
import { CLEAR, type Contrast, orderOf, paperOrder } from './contrasts.js';
import { type RowName, rowOf } from './rows.js';

/** In words: the order found and the paper's, what tells rows apart by more than the seeds do, and what does not. */
export function verdict({ rows, contrasts, seeds }: Comparison): Markup {
  const found = orderOf(new Map(rows.map(({ row, scores }) => [row, scores.pck20])));
  const published = paperOrder(found);
  const mean = new Map(rows.map(({ row, scores }) => [row, scores.pck20.mean]));
  const clear = contrasts.filter((contrast) => contrast.clear === true);
  const unclear = contrasts.filter((contrast) => contrast.clear === false);
  return html`<div class="prose wide">
    ${found.length > 1 && html`<p>By PCK@0.2 the order is <b>${ranked(found, (row) => `${percent(mean.get(row))} %`)}</b>.`}
    ${published.length > 1 && html`On COCO the paper has ${ranked(published, (row) => `${decimals(rowOf(row).paperAp, 1)} AP`)}.`}
    ${found.length > 1 && html`</p>`}
    ${clear.length > 0 && html`<p>More than ${CLEAR} pooled standard deviations of the seeds apart: ${sentences(clear)}.</p>`}
    ${unclear.length > 0 && html`<p>No more than ${CLEAR} pooled standard deviations apart, so that nothing is claimed: ${sentences(unclear)}.</p>`}
    <p>${
      seeds.length < 2
        ? 'One seed says nothing of how far runs scatter, so no difference is called one.'
        : `${seeds.length} seeds show how far runs of one recipe scatter, on one split of one data set; they are too few for a test.`
    }</p></div>`;
}

/** `rle (37.1 %), l1 and l2 (35.0 %)`: rows in their order, of which those with one figure as it is shown have one place. */
function ranked(rows: readonly RowName[], figureOf: (row: RowName) => string): string {
  const places = new Map<string, RowName[]>();
  for (const row of rows) places.set(figureOf(row), [...(places.get(figureOf(row)) ?? []), row]);
  return [...places].map(([figure, names]) => `${names.join(' and ')} (${figure})`).join(', ');
}

/** `laplace over l1 by 1.2 points (0.7)`. */
function sentences(contrasts: readonly Contrast[]): string {
  return contrasts
    .map(({ row, against, difference, pooledStd }) => {
      const [first, second] = difference >= 0 ? [row, against] : [against, row];
      const points = percent(Math.abs(difference));
      const apart =
        points === percent(0) ? `${row} and ${against} by ${points}` : `${first} over ${second} by ${points}`;
      return `${apart} points (standard deviation ${percent(pooledStd ?? undefined)})`;
    })
    .join('; ');
}
