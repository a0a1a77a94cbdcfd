import { counted } from 'wgrad/io';
import { normText } from '../../metrics/pck.js';
import type { Fact } from '../../report/runReport.js';
import { networkText, optimiserText } from '../../train/configText.js';
import { facts } from '../report/facts.js';
import { html, type Markup } from '../report/markup.js';
import { decimals, percent } from '../report/numbers.js';
import { page } from '../report/page.js';
import type { BaselineScore, Comparison, RowSummary } from './comparison.js';
import { CLEAR } from './contrasts.js';
import { learningCurves, riskCurves, scoreDots } from './rowCharts.js';
import { rowOf } from './rows.js';
import type { Spread } from './spread.js';
import { verdict } from './verdict.js';

/** Renders a comparison as one HTML page. */
export function renderComparison(comparison: Comparison): string {
  const { data, rows, seeds } = comparison;
  const title = `${counted(rows.length, 'method')} on ${data.name}`;
  const done = rows.reduce((sum, row) => sum + row.seeds.length + row.diverged.length, 0);
  const wanted = rows.length * seeds.length;
  const header = html`<p class="eyebrow">wgrad · comparison</p><h1>${title}</h1>
    <p class="lead">The same network, trained on the same ${imagesOf(data.train)} with the same budget; only the loss and the head differ. Every
    number is from ${imagesOf(data.test)} that no run has seen.${done < wanted && ` Runs done: ${done} of ${wanted}.`}</p>
    ${facts(run(comparison))}`;
  const main = html`<section><h2>What came out</h2>${verdict(comparison)}${scoreDots(comparison)}</section>
    ${table(comparison)}
    ${contrasts(comparison)}
    <section><h2>How they learned, and what they know of it</h2><div class="pair">${learningCurves(comparison)}${riskCurves(comparison)}</div></section>`;
  return page(title, header, main);
}

/** What was run. */
function run({ device, data, config, seeds, rows }: Comparison): Fact[] {
  const { epochs, batch, augment, rotation, scaling, colour, ema } = config;
  const varied = `${augment}: turns up to ${rotation}°, sides ± ${percent(scaling)} %${colour > 0 ? `, colours ± ${percent(colour)} %` : ''}`;
  return [
    { label: 'Device', value: device },
    { label: 'Data', value: `${data.name}: ${imagesOf(data.train)}, ${thousands(data.test)} held out` },
    { label: 'Network', value: networkText({ ...config, head: 'direct' }) },
    ...(config.init === null ? [] : [{ label: 'Initial weights', value: config.init }]),
    { label: 'Rows', value: rows.map(({ row }) => row).join(', ') },
    { label: 'Seeds', value: seeds.join(', ') },
    {
      label: 'Budget',
      value: `${counted(epochs, 'epoch')}, ${counted(Math.floor(data.train / batch), 'step')} of ${batch} images each`,
    },
    { label: 'Optimiser', value: optimiserText(config) },
    { label: 'Augmentation', value: varied },
    ...(ema > 0 ? [{ label: 'Averaged weights', value: `keep ${ema} at each step` }] : []),
  ];
}

function table({ data, rows, baselines, config, seeds, device }: Comparison): Markup {
  return html`<section><h2>All figures</h2><div class="scroll"><table>
    <thead><tr><th></th><th>PCK@0.1&#160;%</th><th>PCK@0.2&#160;%</th><th>PCK@0.5&#160;%</th><th>error</th><th>r(σ, error)</th><th>ρ(σ, error)</th><th>r(conf, OKS)</th><th>AURC</th><th>calibration error</th><th>sharpness</th></tr></thead>
    <tbody>${rows.map(scoreLine)}${baselines.map(baselineLine)}</tbody>
    <caption>Mean ± sample standard deviation over the seeds ${seeds.join(', ')}. PCK@t: share of joints closer to their label than t times ${normText(data.schema)}. Error: mean
    distance in % of the crop’s side. r is Pearson’s correlation, ρ Spearman’s: of σ with the error, over joints; of the confidence, 1 −
    mean σ, with OKS, over people (the area being 0.53 of the tight box). For heatmaps σ is 1 − the height of the peak. AURC: the mean of the
    risk-coverage curve below, in % of the crop’s side. Calibration error: by how many points the shares of the labels inside intervals differ
    from the intervals’ levels, mean over levels. Sharpness: mean width of the intervals that ought to hold 90 %, in % of the crop’s side; of
    two calibrated networks the narrower one knows more.</caption></table></div>
    <h3>What they cost</h3><div class="scroll"><table>
    <thead><tr><th></th><th class="words">trained as</th><th>parameters</th><th>flow, in training</th><th>MMACs</th><th>ms, one image</th><th>ms, each of ${config.batch}</th></tr></thead>
    <tbody>${rows.map(costLine)}</tbody>
    <caption>Parameters and multiply-accumulates of inference, for one image. Times: medians on ${device}, from pixels to joints, the networks in
    turns; rows with the same network share a time.</caption></table></div></section>`;
}

function scoreLine({ row, scores, confidence, calibration, seeds, diverged }: RowSummary): Markup {
  const percents = [scores.pck10, scores.pck20, scores.pck50, scores.error].map((spread) => cell(spread, 100, 1));
  const { joints, people, aurc } = confidence ?? {};
  const correlations = [joints?.pearson, joints?.spearman, people?.pearson].map((spread) => cell(spread, 1, 2));
  const note = diverged.length > 0 && ` (${diverged.length} of ${diverged.length + seeds.length} diverged)`;
  return html`<tr class="row"><th>${row}${note}</th>${percents}${correlations}${cell(aurc, 100, 1)}${cell(calibration?.error, 100, 1)}${cell(calibration?.sharpness, 100, 1)}</tr>`;
}

function baselineLine({ name, pck10, pck20, pck50, error }: BaselineScore): Markup {
  const figures = [pck10, pck20, pck50, error].map((value) => html`<td>${percent(value)}</td>`);
  return html`<tr class="baseline"><th>${name}</th>${figures}${Array.from({ length: 6 }, () => html`<td>–</td>`)}</tr>`;
}

function costLine({ row, about, cost }: RowSummary): Markup {
  const { parameters, flowParameters, macs, latency } = cost;
  return html`<tr class="cost"><th>${row}</th><td class="words">${about}</td><td>${thousands(parameters)}</td><td>${flowParameters > 0 ? thousands(flowParameters) : '–'}</td>
    <td>${decimals(macs / 1e6, 1)}</td><td>${decimals(latency?.one, 1)}</td><td>${decimals(latency?.batched, 2)}</td></tr>`;
}

/** The paper's argument, difference by difference. */
function contrasts({ contrasts, config, data }: Comparison): Markup | undefined {
  if (contrasts.length === 0) return undefined;
  return html`<section><h2>Beside the paper</h2>
    <p class="prose wide">Li et al. (ICCV 2021) trained a ResNet-50 for 270 epochs on the 150,000 people of COCO and measured average precision;
    here it is ${networkText({ ...config, head: 'direct' })}, ${counted(config.epochs, 'epoch')} of ${imagesOf(data.train)}, and PCK. Signs may be compared,
    sizes may not.</p>
    <div class="scroll"><table>
    <thead><tr><th>difference</th><th class="words">what it asks</th><th>here, PCK@0.2 points</th><th>pooled std of the seeds</th><th>above ${CLEAR} std?</th><th>paper, AP points</th></tr></thead>
    <tbody>${contrasts.map(
      ({ row, against, what, difference, pooledStd, clear, paperAp }) =>
        html`<tr class="contrast"><th>${row} − ${against}</th><td class="words">${what}</td><td>${signed(100 * difference)}</td><td>${percent(pooledStd ?? undefined)}</td>
        <td>${clear === null ? '–' : clear ? 'yes' : 'no'}</td><td>${signed(paperAp)}</td></tr>`,
    )}</tbody>
    <caption>Means over the seeds. The paper’s: COCO val, 256 × 192; ${paperFigures()}.</caption></table></div></section>`;
}

function paperFigures(): string {
  const ap = (row: Parameters<typeof rowOf>[0]) => decimals(rowOf(row).paperAp, 1);
  return (
    `table 7: l2 ${ap('l2')}, l1 ${ap('l1')}, gaussian ${ap('gaussian')}, laplace ${ap('laplace')}, rle with Q Gaussian ` +
    `${ap('rle-gaussian')}, with Q Laplace ${ap('rle')}; table 5: dle ${ap('dle')}, heatmap ${ap('heatmap')}, integral ${ap('integral')}`
  );
}

function cell(spread: Spread | undefined, unit: number, digits: number): Markup {
  if (!spread || spread.values.length === 0) return html`<td>–</td>`;
  const mean = decimals(unit * spread.mean, digits);
  return html`<td>${mean}${spread.std !== null && html`<small>&#160;±&#160;${decimals(unit * spread.std, digits)}</small>`}</td>`;
}

/** With its sign. */
function signed(value: number | undefined): string {
  return value !== undefined && value > 0 ? `+${decimals(value, 1)}` : decimals(value, 1);
}

const thousands = (value: number): string => value.toLocaleString('en-US');
const imagesOf = (count: number): string => counted(count, 'image', undefined, thousands(count));
