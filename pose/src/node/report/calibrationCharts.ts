import * as Plot from '@observablehq/plot';
import type { UncertaintyScore } from '../../metrics/uncertaintyScore.js';
import { chart, colour } from './chart.js';
import { html, type Markup } from './markup.js';
import { percent } from './numbers.js';

const AXES = { width: 340, height: 300, marginBottom: 44, marginLeft: 44, grid: true };

/** The level that captions speak of. */
const SPOKEN = 0.9;

/** Coverage, probability integral transforms and the risk-coverage curve, each with what it says in a sentence. */
export function calibrationCharts(score: UncertaintyScore): Markup {
  return html`<div class="triple broad">
    <figure>${coverageChart(score)}
      <figcaption><b>Coverage.</b> ${coverageText(score)} <span class="key"><i style="background:${colour.network}"></i>x and y</span><span
      class="key"><i style="background:${colour.second}"></i>ellipses</span></figcaption></figure>
    <figure>${pitChart(score)}
      <figcaption><b>Where labels fall</b> in the densities predicted for their x and y, tenth by tenth (probability integral
      transform): ${pitText(score)}</figcaption></figure>
    <figure>${riskChart(score)}
      <figcaption><b>If it may decline.</b> ${riskText(score)} <span class="key"><i style="background:${colour.network}"></i>by its own
      account</span><span class="key"><i style="background:${colour.faint}"></i>by the true errors</span></figcaption></figure>
  </div>`;
}

function coverageChart({ levels, coverage, ellipseCoverage }: UncertaintyScore): Markup {
  const points = (shares: readonly number[]) =>
    [0, ...levels, 1].map((level, i) => ({ level: 100 * level, share: 100 * ([0, ...shares, 1][i] ?? 1) }));
  const line = (shares: readonly number[], stroke: string, strokeWidth: number) =>
    Plot.line(points(shares), { x: 'level', y: 'share', stroke, strokeWidth });
  return chart('Coverage of predicted intervals', {
    ...AXES,
    x: { domain: [0, 100], ticks: 5, label: 'should hold (%)' },
    y: { domain: [0, 100], ticks: 5, label: 'holds (%)' },
    marks: [
      Plot.line(points(levels), { x: 'level', y: 'level', stroke: colour.ink, strokeDasharray: '5 4' }),
      line(ellipseCoverage, colour.second, 1.5),
      line(coverage, colour.network, 2.5),
    ],
  });
}

function coverageText({ levels, coverage, calibrationError, sharpness }: UncertaintyScore): string {
  const held = coverage[levels.indexOf(SPOKEN)];
  return (
    `The intervals that should hold ${percent0(SPOKEN)} of the labels hold ${percent0(held)}; over all levels the two differ ` +
    `by ${percent(calibrationError)} points (calibration error). Such an interval is ${percent(sharpness)} % of the crop’s ` +
    'side wide (sharpness). On the dashed line the network is honest, below it too sure of itself.'
  );
}

function pitChart({ pit }: UncertaintyScore): Markup {
  const bins = pit.map((share, i) => ({ from: i / pit.length, to: (i + 1) / pit.length, share: 100 * share }));
  return chart('Probability integral transforms', {
    ...AXES,
    x: { domain: [0, 1], ticks: 5, label: 'predicted probability below the label' },
    y: { domain: [0, Math.max(20, ...bins.map(({ share }) => 1.1 * share))], ticks: 5, label: 'labels (%)' },
    marks: [
      Plot.rectY(bins, { x1: 'from', x2: 'to', y: 'share', fill: colour.network, fillOpacity: 0.75, inset: 1 }),
      Plot.ruleY([100 / pit.length], { stroke: colour.ink, strokeDasharray: '5 4' }),
      Plot.ruleY([0], { stroke: colour.rule }),
    ],
  });
}

/** What the histogram looks like: ends, middle and the two halves against flat. */
function pitText({ pit }: UncertaintyScore): string {
  const ends = pit[0] + pit[pit.length - 1];
  const says = `${percent0(ends)} in the two outermost tenths, where flat would be ${percent0(2 / pit.length)}. `;
  return `${says}Tall ends mean densities that are too narrow, a tall middle ones that are too wide, a slope a shift.`;
}

function riskChart({ risk, idealRisk }: UncertaintyScore): Markup {
  const points = (curve: readonly number[]) =>
    curve.map((value, i) => ({ share: (100 * (i + 1)) / curve.length, risk: 100 * value }));
  const line = (curve: readonly number[], stroke: string, strokeWidth: number) =>
    Plot.line(points(curve), { x: 'share', y: 'risk', stroke, strokeWidth });
  return chart('Risk against coverage', {
    ...AXES,
    x: { domain: [0, 100], ticks: 5, label: 'surest joints kept (%)' },
    y: { zero: true, label: 'their mean error (% of the crop’s side)' },
    marks: [line(idealRisk, colour.faint, 1.5), line(risk, colour.network, 2.5)],
  });
}

function riskText({ risk, aurc, excessAurc }: UncertaintyScore): string {
  const half = risk[risk.length / 2 - 1];
  return (
    `The half of the joints that it is surest of is off by ${percent(half)} % of the crop’s side, all of them by ` +
    `${percent(risk.at(-1))} %. The area under the curve (AURC) is ${percent(aurc)} %, of which a perfect ranking would save ` +
    `${percent(excessAurc)}.`
  );
}

const percent0 = (share: number): string => `${Math.round(100 * share)} %`;
