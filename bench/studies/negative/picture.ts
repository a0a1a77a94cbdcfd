import * as Plot from '@observablehq/plot';
import { chart } from '../../../pose/src/node/report/chart.js';
import type { Run } from './runs.js';
import type { Row } from './summary.js';
import { PARTS } from './weightedSum.js';

const PANEL = { width: 430, height: 290 };
const TITLE = 22;
const HEAD = 66;
const MARGIN = 16;
/** The setting whose curves are drawn. */
const DRAWN = 'sgd';
// An SVG file by itself has no page whose colours it could take over.
const COLOUR = { ink: '#1c2230', faint: '#6b7386', rule: '#dfe2e8' } as const;
const FORMS: Readonly<Record<string, string>> = {
  without: '#8a90a0',
  uncut: '#c8362f',
  cut: '#d99a2b',
  'gain 0.1': '#3f51c9',
  'normalised, gain 0.1': '#1f8a5b',
};
const PART_COLOURS = { box: '#3f51c9', class: '#8a90a0', oks: '#d99a2b', rle: '#c8362f' } as const;

/** Curves of five forms, gradients by part, and what all forms are worth. */
export function drawNegative(runs: readonly Run[], rows: readonly Row[], device: string): string {
  const drawn = runs.filter(({ setting, form }) => setting === DRAWN && form in FORMS);
  const worth = rows.filter(({ setting }) => setting === DRAWN);
  const panels = [
    [
      'RLE divided by its gain, first seed',
      curves(drawn, 'rle', 'nats per joint', (m, gain) => m.rle / gain, 'linear'),
    ],
    ['sigma: it does not collapse, first seed', curves(drawn, 'sigma', '% of the side', (m) => 100 * m.sigma)],
    ['joints, on labels of training, first seed', curves(drawn, 'error', '% of the side', (m) => 100 * m.error)],
    ['gradients in the shared body: uncut (dashed: the clip)', parts(drawn, 'uncut')],
    ['gradients in the shared body: normalised, gain 0.1', parts(drawn, 'normalised, gain 0.1')],
    ['held out: joints against boxes, means of the seeds', errors(worth)],
  ] as const;
  const width = 3 * PANEL.width + 4 * MARGIN;
  const height = HEAD + 2 * (TITLE + PANEL.height + MARGIN);
  const placed = panels.map(([title, svg], i) => {
    const x = MARGIN + (i % 3) * (PANEL.width + MARGIN);
    const y = HEAD + Math.floor(i / 3) * (TITLE + PANEL.height + MARGIN);
    return `<g transform="translate(${x} ${y})">${text(6, 14, 13, COLOUR.ink, title)}<g transform="translate(0 ${TITLE})">${svg}</g></g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" color="${COLOUR.ink}">`,
    '<title>RLE in the weighted sum of a detector</title>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(
      MARGIN,
      26,
      17,
      COLOUR.ink,
      'Not the sign of RLE harms the other losses, but its gradient, which grows as residuals fall',
    ),
    legend(),
    text(width - MARGIN, 47, 12, COLOUR.faint, `gradient descent with momentum on ${device}`, 'end'),
    ...placed,
    '</svg>\n',
  ].join('\n');
}

type Moment = Run['moments'][number];

/** Gains by the names of the forms. */
const gainOf = (form: string) => Number(/gain ([\d.]+)/.exec(form)?.[1] ?? 1);

function curves(
  runs: readonly Run[],
  label: string,
  unit: string,
  of: (moment: Moment, gain: number) => number,
  type: 'log' | 'linear' = 'log',
): string {
  const points = runs
    .filter(({ seed, form }) => seed === 1 && (label === 'error' || form !== 'without'))
    .flatMap(({ form, moments }) => moments.map((m) => ({ form, step: m.step, value: of(m, gainOf(form)) })))
    .filter(({ step }) => step > 1);
  return chart(label, {
    ...PANEL,
    marginLeft: 52,
    x: { label: 'step', ticks: 5 },
    y: { type, label: unit, grid: true, ticks: 5, tickFormat: '~g' },
    marks: [
      Plot.frame({ stroke: COLOUR.rule }),
      Plot.line(points, {
        x: 'step',
        y: 'value',
        z: 'form',
        stroke: (d: { form: string }) => FORMS[d.form],
        strokeWidth: 2,
      }),
    ],
  }).text;
}

function parts(runs: readonly Run[], form: string): string {
  const run = runs.find((one) => one.form === form && one.seed === 1);
  const points = (run?.moments ?? []).flatMap(({ step, norms }) =>
    PARTS.map((part) => ({ part, step, value: norms[part] })),
  );
  const last = PARTS.map((part) => points.filter((p) => p.part === part).at(-1)).filter((p) => p !== undefined);
  return chart(`gradients, ${form}`, {
    ...PANEL,
    marginLeft: 52,
    marginRight: 40,
    x: { label: 'step', ticks: 5 },
    y: { type: 'log', domain: [0.1, 3000], label: 'norm', grid: true, ticks: 5, tickFormat: '~g' },
    marks: [
      Plot.frame({ stroke: COLOUR.rule }),
      Plot.ruleY([10], { stroke: COLOUR.faint, strokeDasharray: '4 4' }),
      Plot.line(points, {
        x: 'step',
        y: 'value',
        z: 'part',
        stroke: (d: { part: keyof typeof PART_COLOURS }) => PART_COLOURS[d.part],
        strokeWidth: 2,
      }),
      Plot.text(last, {
        x: 'step',
        y: 'value',
        text: 'part',
        dx: 5,
        textAnchor: 'start',
        fill: (d: { part: keyof typeof PART_COLOURS }) => PART_COLOURS[d.part],
      }),
    ],
  }).text;
}

/** Labels of points that lie together stand below each other. */
function errors(rows: readonly Row[]): string {
  const points = rows
    .map(({ form, jointError, boxError }) => ({
      form,
      joint: 100 * jointError.mean,
      box: 100 * boxError.mean,
      line: 0,
    }))
    .sort((a, b) => b.box - a.box);
  points.forEach((point, i) => {
    const above = points[i - 1];
    const near = (a: number, b: number) => Math.abs(Math.log(a / b)) < 0.1;
    if (above && near(above.box, point.box) && near(above.joint, point.joint)) point.line = above.line + 1;
  });
  const colourOf = (d: { form: string }) => FORMS[d.form] ?? COLOUR.ink;
  const mark = { x: 'joint', y: 'box', fill: colourOf } as const;
  const lines = [...new Set(points.map(({ line }) => line))];
  return chart('joints against boxes', {
    ...PANEL,
    marginLeft: 52,
    marginRight: 16,
    marginTop: 26,
    x: {
      type: 'log',
      domain: [0.1, 0.4],
      label: 'joints, % of the side',
      ticks: [0.1, 0.15, 0.2, 0.3, 0.4],
      tickFormat: String,
    },
    y: {
      type: 'log',
      domain: [0.035, 1],
      label: 'boxes, % of the side',
      grid: true,
      ticks: [0.05, 0.1, 0.2, 0.5, 1],
      tickFormat: String,
    },
    marks: [
      Plot.frame({ stroke: COLOUR.rule }),
      Plot.dot(points, { ...mark, r: 4 }),
      ...lines.map((line) =>
        Plot.text(
          points.filter((point) => point.line === line),
          { ...mark, text: 'form', dx: 7, dy: 11 * line, textAnchor: 'start', fontSize: 10 },
        ),
      ),
    ],
  }).text;
}

function legend(): string {
  let x = MARGIN;
  return Object.entries(FORMS)
    .map(([form, fill]) => {
      const at = x;
      x += 34 + 7 * form.length;
      return `<rect x="${at}" y="40" width="18" height="4" fill="${fill}"/>${text(at + 24, 47, 13, fill, form)}`;
    })
    .join('');
}

function text(x: number, y: number, size: number, fill: string, content: string, anchor = 'start'): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x}" y="${y}" font-size="${size}" fill="${fill}" text-anchor="${anchor}">${escaped}</text>`;
}
