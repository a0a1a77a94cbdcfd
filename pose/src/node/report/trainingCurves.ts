import * as Plot from '@observablehq/plot';
import { normText } from '../../metrics/pck.js';
import type { RunReport } from '../../report/runReport.js';
import { chart, colour } from './chart.js';
import { html, type Markup } from './markup.js';
import { percent } from './numbers.js';

/** The loss and the held-out PCK by epoch, side by side, with the baselines as levels to pass. */
export function trainingCurves(run: RunReport): Markup {
  const { epochs, baselines, thresholds, mainThreshold } = run;
  const validated = epochs.filter((e) => e.validLoss !== undefined);
  const scored = epochs.filter((e) => e.pck !== undefined);
  const axes = { grid: true, insetRight: 8, width: 520, height: 300, marginBottom: 44 };
  // Of few epochs each has a tick, since a tick between two would be rounded to one of them.
  const ticks = epochs.length <= 8 ? epochs.map(({ epoch }) => epoch) : 8;
  const x = { label: 'epoch', ticks, tickFormat: 'd' };
  const trainAbove = (epochs.at(-1)?.trainLoss ?? 0) > (validated.at(-1)?.validLoss ?? 0);
  const lossMarks = [
    Plot.lineY(epochs, { x: 'epoch', y: 'trainLoss', stroke: colour.network, strokeWidth: 2, curve: 'monotone-x' }),
    Plot.lineY(validated, { x: 'epoch', y: 'validLoss', stroke: colour.second, strokeWidth: 2, curve: 'monotone-x' }),
    // A line needs two epochs.
    ...(epochs.length === 1
      ? [
          Plot.dot(epochs, { x: 'epoch', y: 'trainLoss', fill: colour.network, r: 4 }),
          Plot.dot(validated, { x: 'epoch', y: 'validLoss', fill: colour.second, r: 4 }),
        ]
      : []),
    ...lastLabel(epochs, 'trainLoss', 'training', colour.network, trainAbove ? -LABEL_LIFT : LABEL_LIFT),
    ...lastLabel(validated, 'validLoss', 'held out', colour.second, trainAbove ? LABEL_LIFT : -LABEL_LIFT),
  ];
  const highest = Math.max(...baselines.map(({ pck }) => pck[thresholds.indexOf(mainThreshold)]));
  const domain = pckDomain(run);
  const levels = baselines.map(({ name, pck }, i) => {
    const y = 100 * pck[thresholds.indexOf(mainThreshold)];
    const stroke = colour.baselines[i % colour.baselines.length];
    return [
      Plot.ruleY([y], { stroke, strokeWidth: 1.5, strokeDasharray: '5 4' }),
      Plot.text([name], {
        x: epochs[0]?.epoch,
        y,
        dy: 100 * highest > y || y > 0.95 * domain[1] ? 8 : -8,
        dx: 6 + i * NAME_WIDTH, // levels may coincide, their names must not
        textAnchor: 'start',
        fill: stroke,
      }),
    ];
  });
  const pckMarks = [
    ...levels.flat(),
    Plot.lineY(scored, { x: 'epoch', y: percentPck, stroke: colour.network, strokeWidth: 2.2, curve: 'monotone-x' }),
    Plot.dot(scored, { x: 'epoch', y: percentPck, fill: colour.network, r: epochs.length === 1 ? 4 : 2.5 }),
  ];
  const last = scored.at(-1)?.pck;
  return html`<div class="pair">
    <figure>${chart('Loss by epoch', { ...axes, marginRight: 64, x, y: { label: 'loss', nice: true }, marks: lossMarks })}
      <figcaption><b>Loss</b>, mean over the images.${run.uncertainty && ' A negative log-likelihood may well fall below zero: densities exceed one where they are narrow.'}</figcaption></figure>
    <figure>${chart('Held-out PCK by epoch', { ...axes, x, y: { label: `PCK@${mainThreshold} held out (%)`, domain }, marks: pckMarks })}
      <figcaption><b>Held-out accuracy.</b> Share of joints closer to their label than ${mainThreshold} of ${normText(run.schema)};
      at the end ${percent(last)}&#160;%, without the mirror images that the table averages where it may. Dashed: the baselines.</figcaption></figure>
  </div>`;
}

type Curve = RunReport['epochs'];

function percentPck({ pck }: Curve[number]): number {
  return 100 * (pck as number);
}

/** Pixels that the name of a level takes at most. */
const NAME_WIDTH = 120;

/** Pixels by which the names of two lines keep apart where the lines meet. */
const LABEL_LIFT = 6;

/** Names a line at its end, where no legend has to be looked up; `dy` is in pixels. */
function lastLabel(
  records: Curve,
  y: 'trainLoss' | 'validLoss',
  text: string,
  fill: string,
  dy: number,
): Plot.Markish[] {
  return [Plot.text(records.slice(-1), { x: 'epoch', y, text: () => text, dx: 8, dy, textAnchor: 'start', fill })];
}

/** From zero to a little above the highest level shown, so that differences keep their proportion. */
function pckDomain({ epochs, baselines, thresholds, mainThreshold }: RunReport): [number, number] {
  const index = thresholds.indexOf(mainThreshold);
  const shown = [...epochs.map((e) => e.pck ?? 0), ...baselines.map((b) => b.pck[index])].filter(Number.isFinite);
  return [0, Math.min(100, Math.ceil(Math.max(0.1, ...shown) * 11) * 10)];
}
