import { normText } from '../../metrics/pck.js';
import type { RunReport, Score } from '../../report/runReport.js';
import { densitySection } from './densitySection.js';
import { facts } from './facts.js';
import { gallerySection, rankedSection } from './gallerySection.js';
import { jointSection } from './jointSection.js';
import { html, type Markup, type Part } from './markup.js';
import { decimals, percent } from './numbers.js';
import { page } from './page.js';
import { spaceCurves } from './spaceCurves.js';
import { trainingCurves } from './trainingCurves.js';
import { uncertaintySection } from './uncertaintySection.js';

/** Renders the report of a training run as one HTML page. */
export async function renderReport(run: RunReport): Promise<string> {
  const header = html`<p class="eyebrow">wgrad · training report</p><h1>${run.title}</h1><p class="lead">${run.summary}</p>${tiles(run)}${facts(run.facts)}`;
  const main = html`${await gallerySection(run)}
${scores(run)}
<section><h2>How it learned</h2>${trainingCurves(run)}${spaceCurves(run)}</section>
${jointSection(run)}
${uncertaintySection(run)}
${densitySection(run)}
${await rankedSection(run)}`;
  return page(run.title, header, main);
}

/** The four numbers to remember, each with what to hold it against. */
function tiles(run: RunReport): Markup {
  const { network, baselines, thresholds, mainThreshold } = run;
  const index = thresholds.indexOf(mainThreshold);
  const [baseline] = baselines;
  const tile = (value: Part, unit: string, label: Part, note: Part) =>
    html`<div class="tile"><span class="label">${label}</span><span class="value">${value}<small>${unit}</small></span><span class="note">${note}</span></div>`;
  const finest = thresholds[0];
  return html`<div class="tiles">
    ${tile(percent(network.pck[index]), '%', `PCK@${mainThreshold}, held out`, baseline && `${baseline.name}: ${percent(baseline.pck[index])} %`)}
    ${finest !== mainThreshold && tile(percent(network.pck[0]), '%', `PCK@${finest}, held out`, baseline && `${baseline.name}: ${percent(baseline.pck[0])} %`)}
    ${network.pckh !== undefined && tile(percent(network.pckh), '%', 'PCKh@0.5, held out', baseline?.pckh !== undefined && `${baseline.name}: ${percent(baseline.pckh)} %`)}
    ${tile(percent(network.meanError), '%', 'mean error, of the crop’s side', baseline && `${baseline.name}: ${percent(baseline.meanError)} %`)}
    ${network.space && tile(decimals(network.space.mpjpe, 1), 'mm', 'MPJPE, held out', baseline && `${baseline.name}: ${decimals(baseline.space?.mpjpe, 1)} mm`)}
    ${network.uncertainty && tile(decimals(network.uncertainty.pearson, 2), '', 'correlation with the error', 'of the expected one; 1 is perfect, 0 blind')}
  </div>`;
}

function scores({ schema, network, baselines, thresholds }: RunReport): Markup {
  const row = (score: Score, kind: string) =>
    html`<tr class="${kind}"><th>${score.name}</th>${score.pck.map(
      (pck) => html`<td>${percent(pck)}</td>`,
    )}${network.pckh !== undefined && html`<td>${percent(score.pckh)}</td>`}<td>${percent(score.meanError)}</td>${network.space && html`<td>${decimals(score.space?.mpjpe, 1)}</td><td>${decimals(score.space?.paMpjpe, 1)}</td>`}<td>${decimals(score.uncertainty?.pearson, 2)}</td></tr>`;
  return html`<section><h2>How good it is</h2><div class="scroll"><table>
    <thead><tr><th></th>${thresholds.map((t) => html`<th>PCK@${t}&#160;%</th>`)}${network.pckh !== undefined && html`<th>PCKh@0.5&#160;%</th>`}<th>mean error</th>${network.space && html`<th>MPJPE&#160;mm</th><th>PA-MPJPE&#160;mm</th>`}<th>corr(expected, true error)</th></tr></thead>
    <tbody>${row(network, 'network')}${baselines.map((baseline) => row(baseline, 'baseline'))}</tbody>
    <caption>On held-out images. PCK@t: share of joints closer to their label than t times ${normText(schema)} of the label${network.pckh !== undefined && ', PCKh: than t times 0.6 of the diagonal of its head box'}. Mean error
    in % of the crop’s side.${network.space && ' MPJPE: mean distance in space, both poses from their root, with the depth of the label’s; PA-MPJPE: after rotation, scale and shift.'} The mean pose ignores the image; ridge regression sees it, but only linearly.</caption>
    </table></div></section>`;
}
