import * as Plot from '@observablehq/plot';
import { chart } from '../../pose/src/node/report/chart.js';
import { densitiesOn, PICTURE, type StudyRow } from './logS.js';
import type { Fixture } from './mixture.js';

const PANEL = { width: 250, height: 262 };
const TITLE = 22;
const HEAD = 66;
const MARGIN = 16;
/** Contour levels halve from the peak of P; ten of them reach a thousandth. */
const LEVELS = 10;
// An SVG file by itself has no page whose colours it could take over.
const COLOUR = { ink: '#1c2230', faint: '#6b7386' } as const;

interface Panel {
  readonly title: string;
  readonly density: readonly number[];
}

/** P and Q, and under them the flow G and the density s Q G of each run, all with the same contour levels. */
export function drawStudy(rows: readonly StudyRow[], { P }: Fixture, device: string): string {
  const known = densitiesOn(PICTURE, P);
  const ofLog = (log: Float64Array) => Array.from(log, Math.exp);
  const panels: Panel[][] = [
    [
      { title: 'P, to be learned', density: ofLog(known.logP) },
      ...rows.map(({ method, klG, g }) => ({ title: `G, ${method}: KL ${klG.toFixed(4)}`, density: g })),
    ],
    [
      { title: 'Q, Laplace', density: ofLog(known.logQ) },
      ...rows.map(({ method, klSQG, sqg }) => ({ title: `sQG, ${method}: KL ${klSQG.toFixed(4)}`, density: sqg })),
    ],
  ];
  const peak = Math.max(...panels[0][0].density);
  const thresholds = Array.from({ length: LEVELS }, (_, i) => peak * 2 ** (i - LEVELS));
  const width = MARGIN + panels[0].length * (PANEL.width + MARGIN);
  const height = HEAD + 2 * (TITLE + PANEL.height + MARGIN);
  const drawn = panels.flatMap((line, j) =>
    line.map(({ title, density }, i) => {
      const x = MARGIN + i * (PANEL.width + MARGIN);
      const y = HEAD + j * (TITLE + PANEL.height + MARGIN);
      return `<g transform="translate(${x} ${y})">${text(6, 14, 13, COLOUR.ink, title)}<g transform="translate(0 ${TITLE})">${contours(title, density, thresholds)}</g></g>`;
    }),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" color="${COLOUR.ink}">`,
    '<title>What a flow learns with the term log s and without it</title>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(
      MARGIN,
      26,
      17,
      COLOUR.ink,
      'Without log s the flow G is the whole density P; with it, what the Laplace Q lacks',
    ),
    text(
      MARGIN,
      47,
      13,
      COLOUR.faint,
      `each line is half as dense as the one inside it; divergences KL(P||.) in nats; ${rows[0].steps} steps on ${device}`,
    ),
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

function contours(label: string, density: readonly number[], thresholds: readonly number[]): string {
  const { from, to, points } = PICTURE;
  const domain = [from, to];
  const { text: svg } = chart(label, {
    ...PANEL,
    margin: 24,
    marginTop: 6,
    marginRight: 6,
    x: { domain, ticks: 5, label: null },
    y: { domain, ticks: 5, label: null },
    color: { type: 'log', scheme: 'magma', domain: [thresholds[0] / 2, thresholds[thresholds.length - 1] * 4] },
    marks: [
      Plot.frame({ fill: '#000004' }),
      Plot.contour([...density], {
        width: points,
        height: points,
        x1: from,
        x2: to,
        y1: from,
        y2: to,
        fill: Plot.identity,
        thresholds: [...thresholds],
        interpolate: 'nearest',
        stroke: '#fff',
        strokeOpacity: 0.25,
        strokeWidth: 0.5,
      }),
    ],
  });
  // More than a tenth of a pixel shows nowhere, and makes the file larger.
  return svg.replace(/ d="[^"]*"/g, (path) => path.replace(/\d+\.\d{2,}/g, (n) => Number(n).toFixed(1)));
}

function text(x: number, y: number, size: number, fill: string, content: string): string {
  return `<text x="${x}" y="${y}" font-size="${size}" fill="${fill}">${escapeXml(content)}</text>`;
}

function escapeXml(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
