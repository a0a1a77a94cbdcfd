import * as Plot from '@observablehq/plot';
import { chart, colour } from '../report/chart.js';
import { html, type Markup } from '../report/markup.js';
import type { Comparison, RowSummary } from './comparison.js';
import { orderOf } from './contrasts.js';
import { colourOf, legend } from './rowColours.js';
import { RISKS } from './runResult.js';

/** Pixels of a chart's height that are no rows, and of a row. */
const [FRAME, BAND] = [58, 30];

/** PCK at the two thresholds that tell rows apart: a dot by seed and a line at the mean. */
export function scoreDots({ rows, seeds }: Comparison): Markup {
  const scored = rows.filter((row) => row.seeds.length > 0);
  return html`<div class="pair">${(['pck10', 'pck20'] as const).map((figure) => {
    const order = orderOf(new Map(scored.map(({ row, scores }) => [row, scores[figure]])));
    const dots = scored.flatMap(({ row, scores }) =>
      scores[figure].values.map((value) => ({ row, value: 100 * value })),
    );
    const threshold = figure === 'pck10' ? 0.1 : 0.2;
    return html`<figure>${chart(`PCK@${threshold} by row and seed`, {
      width: 520,
      height: FRAME + BAND * order.length,
      marginLeft: 96,
      marginRight: 24,
      marginBottom: 44,
      x: { grid: true, nice: true, inset: 12, label: `PCK@${threshold} held out (%)`, domain: domainOf(dots) },
      y: { domain: order, label: null, tickSize: 0 },
      marks: [
        Plot.tickX(scored, {
          y: 'row',
          x: ({ scores }) => 100 * scores[figure].mean,
          stroke: ({ row }) => colourOf(row),
          strokeWidth: 3,
          inset: 4,
        }),
        Plot.dot(dots, { y: 'row', x: 'value', stroke: colour.ink, fill: ({ row }) => colourOf(row), r: 4.5 }),
      ],
    })}
      <figcaption><b>PCK@${threshold}.</b> ${seeds.length > 1 && 'A dot for each seed, a bar at their mean. '}The scale does not begin at 0.</figcaption></figure>`;
  })}</div>`;
}

/** Of values that are all alike, a point to either side: an axis between two places that are one has no scale. */
function domainOf(dots: readonly { readonly value: number }[]): [number, number] | undefined {
  const values = dots.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least === most ? [Math.max(0, least - 1), Math.min(100, least + 1)] : undefined;
}

/** How rows learn: held-out PCK@0.2 by epoch. */
export function learningCurves({ rows }: Comparison): Markup {
  const points = rows.flatMap(({ row, curve }) =>
    curve.map((pck, i) => ({ row, epoch: i + 1, pck: 100 * pck })).filter(({ pck }) => Number.isFinite(pck)),
  );
  const epochs = Math.max(...points.map(({ epoch }) => epoch));
  return html`<figure>${chart('Held-out PCK@0.2 by epoch', {
    width: 520,
    height: 330,
    marginBottom: 44,
    insetRight: 8,
    grid: true,
    x: { label: 'epoch', ticks: Math.min(epochs, 8), tickFormat: 'd' },
    y: { label: 'PCK@0.2 held out (%)', nice: true, zero: true },
    marks: [
      Plot.lineY(points, {
        x: 'epoch',
        y: 'pck',
        z: 'row',
        stroke: ({ row }) => colourOf(row),
        strokeWidth: 2,
      }),
      // A line needs two epochs.
      ...(epochs === 1 ? [Plot.dot(points, { x: 'epoch', y: 'pck', fill: ({ row }) => colourOf(row), r: 4.5 })] : []),
    ],
  })}
    <figcaption>${legend(namesOf(rows.filter(({ curve }) => curve.length > 0)))}<br/><b>Learning</b>, mean over the seeds; a fixed part of the
    held-out images, without their mirror images. Losses are not shown: each has a scale of its own.</figcaption></figure>`;
}

/** What confidence is worth: the error of the joints that a row is surest of. */
export function riskCurves({ rows }: Comparison): Markup | undefined {
  const sure = rows.flatMap(({ row, confidence }) => (confidence ? [{ row, ...confidence }] : []));
  if (sure.length === 0) return undefined;
  const points = sure.flatMap(({ row, risk }) =>
    risk.map((error, i) => ({ row, coverage: (100 * (i + 1)) / RISKS, error: 100 * error })),
  );
  return html`<figure>${chart('Mean error by coverage', {
    width: 520,
    height: 330,
    marginBottom: 44,
    insetRight: 8,
    grid: true,
    x: { label: 'joints answered for, the surest first (%)' },
    y: { label: 'mean error (% of the crop’s side)', nice: true, zero: true },
    marks: [
      Plot.lineY(points, { x: 'coverage', y: 'error', z: 'row', stroke: ({ row }) => colourOf(row), strokeWidth: 2 }),
    ],
  })}
    <figcaption>${legend(sure.map(({ row }) => row))}<br/><b>Risk and coverage</b>, mean over the seeds. Whoever trusts a share of the joints alone,
    the surest, errs by so much; a confidence that knows nothing gives a level line.</figcaption></figure>`;
}

const namesOf = (rows: readonly RowSummary[]) => rows.map(({ row }) => row);
