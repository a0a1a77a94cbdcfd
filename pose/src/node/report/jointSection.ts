import * as Plot from '@observablehq/plot';
import type { RunReport } from '../../report/runReport.js';
import { chart, colour } from './chart.js';
import { html, type Markup } from './markup.js';
import { decimals, inWords, percent } from './numbers.js';

/** PCK of every joint: a chart that shows how far the network gets beyond the baselines, and the numbers behind it. */
export function jointSection(run: RunReport): Markup | undefined {
  const { schema, network, baselines, mainThreshold } = run;
  const own = network.perJoint;
  if (!own) return undefined;
  const names = schema.joints.map(inWords);
  const rows = names.map((joint, k) => ({ joint, k, pck: 100 * own.pck[k] })).filter(({ pck }) => Number.isFinite(pck));
  const order = [...rows].sort((a, b) => b.pck - a.pck).map(({ joint }) => joint);
  const references = baselines.flatMap(({ name, perJoint }, i) =>
    perJoint ? [{ name, pck: perJoint.pck, fill: colour.baselines[i % colour.baselines.length] }] : [],
  );
  const first = references[0];
  const marks: Plot.Markish[] = [];
  if (first) {
    marks.push(
      Plot.ruleY(rows, {
        y: 'joint',
        x1: ({ k }) => 100 * first.pck[k],
        x2: 'pck',
        stroke: colour.rule,
        strokeWidth: 3,
      }),
    );
  }
  for (const { pck, fill } of references) {
    marks.push(Plot.dot(rows, { y: 'joint', x: ({ k }) => 100 * pck[k], fill, r: 4 }));
  }
  marks.push(Plot.dot(rows, { y: 'joint', x: 'pck', fill: colour.network, r: 6 }));
  const figure = chart(`PCK@${mainThreshold} by joint`, {
    width: 520,
    height: 66 + 26 * rows.length,
    marginBottom: 44,
    marginLeft: 104,
    x: { domain: [0, 100], grid: true, label: `PCK@${mainThreshold} (%)` },
    y: { domain: order, label: null, tickSize: 0 },
    marks,
  });
  const legend = [...references, { name: network.name, fill: colour.network }];
  return html`<section><h2>Joint by joint</h2>
    <div class="pair">
    <figure>${figure}
      <figcaption>${legend.map(({ name, fill }) => html`<span class="key"><i style="background:${fill}"></i>${name}</span>`)}
      The grey bar is what the network adds to the ${first ? first.name : 'baseline'}.</figcaption></figure>
    <div class="scroll"><table><thead><tr><th>joint</th><th>PCK@${mainThreshold}&#160;%</th><th>mean error</th>${own.spread && html`<th>mean predicted</th>`}</tr></thead>
      <tbody>${rows.map(
        ({ joint, k, pck }) =>
          html`<tr><th>${joint}</th><td>${decimals(pck, 1)}</td><td>${percent(own.meanError[k])}</td>${own.spread && html`<td>${percent(own.spread[k])}</td>`}</tr>`,
      )}</tbody>
      <caption>Errors in % of the crop’s side${own.spread ? '; predicted: root mean square distance by the network’s own account' : ''}.</caption></table></div>
    </div></section>`;
}
