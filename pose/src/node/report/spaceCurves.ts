import * as Plot from '@observablehq/plot';
import type { RunReport } from '../../report/runReport.js';
import { chart, colour } from './chart.js';
import { html, type Markup } from './markup.js';
import { decimals } from './numbers.js';

/** How far held-out poses are off in space by epoch, with and without alignment; undefined of a run in 2-D. */
export function spaceCurves({ epochs, network, baselines }: RunReport): Markup | undefined {
  const scored = epochs.flatMap(({ epoch, mpjpe, paMpjpe }) => (mpjpe && paMpjpe ? [{ epoch, mpjpe, paMpjpe }] : []));
  if (!network.space || scored.length === 0) return undefined;
  // Alignment brings poses nearer: the names of the curves keep apart by it.
  const curve = (y: 'mpjpe' | 'paMpjpe', text: string, stroke: string, dy: number) => [
    Plot.lineY(scored, { x: 'epoch', y, stroke, strokeWidth: 2.2, curve: 'monotone-x' }),
    Plot.dot(scored, { x: 'epoch', y, fill: stroke, r: 2.5 }),
    Plot.text(scored.slice(-1), { x: 'epoch', y, text: () => text, dx: 8, dy, textAnchor: 'start', fill: stroke }),
  ];
  const levels = baselines.flatMap(({ name, space }, i) => {
    const stroke = colour.baselines[i % colour.baselines.length];
    if (!space) return [];
    // At the end, where the curves are far below the mean pose.
    const x = scored.at(-1)?.epoch;
    const label = { x, y: space.mpjpe, dy: -8, dx: -6, textAnchor: 'end', fill: stroke } as const;
    return [
      Plot.ruleY([space.mpjpe], { stroke, strokeWidth: 1.5, strokeDasharray: '5 4' }),
      Plot.text([`${name}, MPJPE`], label),
    ];
  });
  const figure = chart('MPJPE by epoch', {
    ...{ grid: true, insetRight: 8, width: 520, height: 300, marginBottom: 44, marginRight: 86 },
    x: { label: 'epoch', ticks: Math.min(epochs.length, 8), tickFormat: 'd' },
    y: { label: 'held out (mm)', zero: true, nice: true },
    marks: [
      ...levels,
      ...curve('mpjpe', 'MPJPE', colour.network, -6),
      ...curve('paMpjpe', 'PA-MPJPE', colour.second, 6),
    ],
  });
  return html`<div class="pair"><figure>${figure}
      <figcaption><b>Held-out distance in space</b>, from the root on; at the end ${decimals(scored.at(-1)?.mpjpe, 1)}&#160;mm, and
      ${decimals(scored.at(-1)?.paMpjpe, 1)}&#160;mm after rotation, scale and shift.</figcaption></figure></div>`;
}
