import * as Plot from '@observablehq/plot';
import { chart } from '../../pose/src/node/report/chart.js';
import type { RanksReport } from './report.js';

const [WIDTH, HEIGHT, HEAD] = [640, 420, 74];
// An SVG file by itself has no page whose colours it could take over.
const COLOUR = { ink: '#1c2230', faint: '#6b7386', rule: '#dfe2e8' } as const;
const CURVES = ['#5b4636', '#b59f8c', '#d9662b', '#e8b08f', '#8a8f9c', '#7fb8d6', '#3f51c9', '#a05195', '#2e8b57'];

/** The model's efficiency by the number of ranks, with its assumptions above it. */
export function drawRanks({ model }: RanksReport): string {
  const points = model.flatMap(({ label, points: all }) => all.map((point) => ({ label, ...point })));
  const [{ costs }] = model;
  const picture = chart('Efficiency by the number of ranks', {
    width: WIDTH,
    height: HEIGHT,
    marginLeft: 48,
    marginBottom: 44,
    marginRight: 16,
    grid: true,
    x: { type: 'log', base: 2, ticks: [1, 2, 4, 8, 16, 32, 64], tickFormat: 'd', label: 'ranks' },
    y: { domain: [0, 1], label: 'images per second, of N times those of one rank' },
    color: { domain: model.map(({ label }) => label), range: CURVES },
    marks: [
      Plot.frame({ stroke: COLOUR.rule }),
      Plot.ruleY([0.9], { stroke: COLOUR.faint, strokeDasharray: '5 4' }),
      Plot.line(points, { x: 'ranks', y: 'efficiency', stroke: 'label', strokeWidth: 2 }),
      Plot.dot(points, { x: 'ranks', y: 'efficiency', fill: 'label', r: 3.5 }),
      Plot.text(model, {
        x: () => 1,
        y: (_, i) => 0.06 + 0.06 * (model.length - 1 - i),
        text: 'label',
        fill: 'label',
        textAnchor: 'start',
        dx: 8,
      }),
    ],
  }).text;
  const assumed =
    `assumed: step of one rank ${costs.stepMs} ms, ${costs.bytes / 1e6} MB of gradients in pieces of 4 MB, ` +
    `${costs.readback / 1e9} GB/s to the host and back, the network`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEAD + HEIGHT}" viewBox="0 0 ${WIDTH} ${HEAD + HEIGHT}" font-family="system-ui, sans-serif" color="${COLOUR.ink}">`,
    '<title>Efficiency of data-parallel training of ResNet-50, by a model</title>',
    `<rect width="${WIDTH}" height="${HEAD + HEIGHT}" fill="#fff"/>`,
    `<text x="16" y="26" font-size="16" fill="${COLOUR.ink}">ResNet-50 at batch 32 per rank: a model, not a measurement</text>`,
    `<text x="16" y="45" font-size="10.5" fill="${COLOUR.faint}">${assumed}</text>`,
    `<text x="16" y="60" font-size="10.5" fill="${COLOUR.faint}">measured on two ranks: ${(1e6 * costs.latency).toFixed(0)} us a message (10 of them assumed), passes of the host, ${(costs.host / 1e9).toFixed(1)} GB/s; ring all-reduce; dashed: the target of 0.9</text>`,
    `<g transform="translate(0 ${HEAD})">${picture}</g>`,
    '</svg>\n',
  ].join('\n');
}
