import * as Plot from '@observablehq/plot';
import { chart } from '../pose/src/node/report/chart.js';
import { type AxisName, type AxisReport, formatFit, predict, type ScalingReport } from './scaling.js';

const PANEL = { width: 440, height: 310 };
const HEAD = 64;
/** Height that the formula above a panel takes. */
const FORMULA = 22;
const MARGIN = 16;
/** Points of a drawn curve. */
const STEPS = 64;

// An SVG file by itself has no page whose colours it could take over.
const COLOUR = { ink: '#1c2230', faint: '#6b7386', rule: '#dfe2e8', fit: '#3f51c9', time: '#d9662b' } as const;

const LABELS: Readonly<Record<AxisName, string>> = {
  batch: 'images per batch',
  size: 'side of the image (pixels)',
  width: 'width (channels of the first stage)',
  depth: 'depth (layers; bottlenecks from 50 on)',
};

/** The four axes as one SVG: measured times with their quartiles, the fit, and its fixed part as a dashed line. */
export function drawScaling({ device, base, rounds, axes }: ScalingReport): string {
  const width = 2 * PANEL.width + 3 * MARGIN;
  const height = HEAD + 2 * (FORMULA + PANEL.height + MARGIN);
  const panels = axes.map((report, i) => {
    const x = MARGIN + (i % 2) * (PANEL.width + MARGIN);
    const y = HEAD + Math.floor(i / 2) * (FORMULA + PANEL.height + MARGIN);
    return `<g transform="translate(${x} ${y})">${text(4, 14, 12.5, COLOUR.fit, formatFit(report))}<g transform="translate(0 ${FORMULA})">${panel(report)}</g></g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" color="${COLOUR.ink}">`,
    `<title>Time of a training step, ${escapeXml(base)}, by batch, image size, width and depth</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(MARGIN, 26, 17, COLOUR.ink, `Time of a training step, ${base}`),
    text(MARGIN, 47, 13, COLOUR.faint, `one property changed at a time; ${device}; medians and quartiles of ${rounds}`),
    ...panels,
    '</svg>\n',
  ].join('\n');
}

function panel(report: AxisReport): string {
  const { axis, points, fit } = report;
  const values = points.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const curve = Array.from({ length: STEPS + 1 }, (_, i) => {
    const x = least * (most / least) ** (i / STEPS);
    return { x, y: predict(fit, x) };
  });
  const floor = 0.8 * Math.min(...points.map(({ lower }) => lower));
  const marks = [
    Plot.frame({ stroke: COLOUR.rule }),
    Plot.line(curve, { x: 'x', y: 'y', stroke: COLOUR.fit, strokeWidth: 2 }),
    Plot.ruleX(points, { x: 'value', y1: 'lower', y2: 'upper', stroke: COLOUR.time, strokeWidth: 1.5 }),
    Plot.dot(points, { x: 'value', y: 'ms', fill: COLOUR.time, r: 4 }),
  ];
  // A fixed part too small to show gets no line.
  if (fit.fixed > floor) marks.push(Plot.ruleY([fit.fixed], { stroke: COLOUR.fit, strokeDasharray: '5 4' }));
  return chart(`Time of a step by ${axis}`, {
    ...PANEL,
    marginTop: 30,
    marginLeft: 52,
    marginBottom: 44,
    grid: true,
    x: { type: 'log', ticks: values, tickFormat: 'd', label: LABELS[axis], domain: [0.92 * least, 1.08 * most] },
    y: { type: 'log', ticks: 5, tickFormat: '~g', label: 'ms per step', domain: [floor, 1.15 * maximum(points)] },
    marks,
  }).text;
}

function text(x: number, y: number, size: number, fill: string, content: string): string {
  return `<text x="${x}" y="${y}" font-size="${size}" fill="${fill}">${escapeXml(content)}</text>`;
}

function maximum(points: AxisReport['points']): number {
  return Math.max(...points.map(({ upper }) => upper));
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
