import * as Plot from '@observablehq/plot';
import type { RunReport, Uncertainty } from '../../report/runReport.js';
import { calibrationCharts } from './calibrationCharts.js';
import { chart, colour } from './chart.js';
import { html, type Markup } from './markup.js';
import { decimals } from './numbers.js';

/** Joints per report that are drawn as single points; more would blacken the chart and bloat the page. */
const POINTS = 700;
const BINS = 10;

/** A predicted and a measured distance, in % of the crop's side. */
interface Pair {
  readonly spread: number;
  readonly error: number;
}

/** Whether sigma tells the truth: predicted against measured distance, in ten bins of equal count. */
export function uncertaintySection(run: RunReport): Markup | undefined {
  const { uncertainty, network } = run;
  const score = network.uncertainty;
  const pairs = uncertainty ? drawablePairs(uncertainty) : [];
  if (pairs.length < BINS) return undefined;
  const bins = reliabilityBins(pairs);
  const ends = bins.flatMap(({ spread, error }) => [spread, error]);
  const domain: [number, number] = [0.5 * Math.min(...ends), 2 * Math.max(...ends)];
  const isInside = (value: number) => value > domain[0] && value < domain[1];
  const stride = Math.ceil(pairs.length / POINTS);
  const points = pairs.filter(({ spread, error }, i) => i % stride === 0 && isInside(spread) && isInside(error));
  const scale: Plot.ScaleOptions = { type: 'log', domain, ticks: 5, tickFormat: '~g' };
  const figure = chart('Predicted against measured distance', {
    width: 520,
    height: 400,
    marginBottom: 44,
    grid: true,
    x: { ...scale, label: 'predicted distance (% of the crop’s side, log scale)' },
    y: { ...scale, label: 'measured distance (% of the crop’s side, log scale)' },
    marks: [
      Plot.dot(points, { x: 'spread', y: 'error', r: 1.4, fill: colour.faint, fillOpacity: 0.5 }),
      Plot.line([domain, domain], {
        x: (_, i) => domain[i],
        y: (_, i) => domain[i],
        stroke: colour.ink,
        strokeDasharray: '5 4',
      }),
      Plot.line(bins, { x: 'spread', y: 'error', stroke: colour.network, strokeWidth: 2 }),
      Plot.dot(bins, { x: 'spread', y: 'error', fill: colour.network, r: 5 }),
    ],
  });
  const [first, last] = [bins[0], bins[bins.length - 1]];
  return html`<section><h2>Does it know when it is wrong?</h2>
    <div class="pair">
    <figure>${figure}</figure>
    <div class="prose">
      <p>With every joint the network predicts its uncertainty σ, in x and in y. ${
        run.density ? 'Together with the learned density of the errors it' : 'By the density that its loss assumes it'
      } tells a length: how far from the label the network expects to be.</p>
      <p>Each small dot is a held-out joint. The large ones sum up a tenth of the joints each, from the surest to the least
      sure: predicted root mean square distance across, measured upwards. <b>On the dashed line the network is honest</b>;
      above it, it is too sure of itself.</p>
      <p>The surest tenth is off by ${decimals(first.error, 1)}&#160;% of the crop’s side where ${decimals(first.spread, 1)}&#160;% were
      predicted, the least sure tenth by ${decimals(last.error, 1)}&#160;% where ${decimals(last.spread, 1)}&#160;% were.${
        score &&
        html` Predicted and measured distance correlate with <b>r&#160;=&#160;${decimals(score.pearson, 2)}</b> (Pearson), their ranks
      with ${decimals(score.spearman, 2)} (Spearman); 1 would be perfect, 0 is blind.`
      }</p>
    </div></div>${score && calibrationCharts(score)}</section>`;
}

/** What a logarithmic chart can show: a diverged run has distances that are no numbers, a lucky joint one of zero. */
function drawablePairs({ spread, error }: Uncertainty): Pair[] {
  return Array.from(spread, (value, i) => ({ spread: 100 * value, error: 100 * error[i] })).filter(
    (pair) => pair.spread > 0 && pair.error > 0 && Number.isFinite(pair.spread + pair.error),
  );
}

/** Root mean squares of predicted and measured distance in bins of equal count, by ascending prediction. */
function reliabilityBins(pairs: readonly Pair[]): Pair[] {
  const sorted = [...pairs].sort((a, b) => a.spread - b.spread);
  return Array.from({ length: BINS }, (_, bin) => {
    const members = sorted.slice((bin * sorted.length) / BINS, ((bin + 1) * sorted.length) / BINS);
    const rms = (key: keyof Pair) => Math.sqrt(members.reduce((sum, pair) => sum + pair[key] ** 2, 0) / members.length);
    return { spread: rms('spread'), error: rms('error') };
  });
}
