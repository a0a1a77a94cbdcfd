import * as Plot from '@observablehq/plot';
import { cellCentre } from '../../report/densityGrid.js';
import type { ResidualDensity, RunReport } from '../../report/runReport.js';
import { chart, colour } from './chart.js';
import { html, type Markup } from './markup.js';
import { decimals } from './numbers.js';

/** Contour levels halve from the peak of the higher density; ten of them reach a thousandth. */
const LEVELS = 10;

/** The learned residual density beside the assumed one, their difference, and the margins of both. */
export function densitySection({ density }: RunReport): Markup | undefined {
  // The flow of a diverged run has no density to show.
  if (!density || !Array.from(density.learned).every(Number.isFinite)) return undefined;
  const { learned, initial, mean, std, assumed, isProduct } = density;
  const peak = Math.max(...Array.from(learned), ...Array.from(initial));
  const levels = Array.from({ length: LEVELS }, (_, i) => peak * 2 ** (i - LEVELS));
  const difference = Float64Array.from(learned, (p, i) => p - initial[i]);
  const extreme = Math.max(...difference.map(Math.abs)) || 1;
  const steps = [-1, -0.8, -0.4, -0.2, -0.1, -0.05, -0.02, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8].map((s) => s * extreme);
  return html`<section><h2>The shape of its mistakes</h2>
    <p class="prose wide">The residual is the label minus the prediction, divided by the predicted σ. A simple
    assumption, from which RLE starts, is that it follows a ${assumed} distribution; ${
      isProduct
        ? 'the normalising flow learns by which factor that is wrong, and the learned density is the product of both'
        : 'the normalising flow learns what it follows instead'
    }. Both are
    shown around their means at unit standard deviation, because the scale of the residual alone means nothing (σ can absorb it);
    the learned density spreads over ${decimals(std[0], 2)}&#160;σ in x and ${decimals(std[1], 2)}&#160;σ in y, about a mean of
    ${decimals(mean[0], 2)}&#160;σ and ${decimals(mean[1], 2)}&#160;σ. Labels lie that far from the predictions on average, and there
    the ellipses have their centres.</p>
    <div class="triple">
    <figure>${panel(`The ${assumed} density`, density, initial, levels, 'density')}
      <figcaption><b>Assumed:</b> ${assumed} in x and y, independently. Each line is half as dense as the one inside it.</figcaption></figure>
    <figure>${panel('The learned density', density, learned, levels, 'density')}
      <figcaption><b>Learned:</b> the ${isProduct ? '' : 'flow’s '}density of the residual, same levels.</figcaption></figure>
    <figure>${panel(`Learned minus ${assumed}`, density, difference, steps, 'difference')}
      <figcaption><b>Difference:</b> <span class="more">more</span> and <span class="less">less</span> probable than the
      ${assumed} says.</figcaption></figure>
    </div>
    <figure class="broad">${margins(density)}
      <figcaption><b>Margins</b>, on a logarithmic scale, where the tails show. <span class="key"><i style="background:${colour.network}"></i>learned, x</span>
      <span class="key"><i style="background:${colour.second}"></i>learned, y</span>
      <span class="key"><i style="background:${colour.faint}"></i>${assumed}</span> Far from the centre few joints support the curves.</figcaption></figure>
    </section>`;
}

function panel(
  label: string,
  { size, halfWidth }: ResidualDensity,
  values: ArrayLike<number>,
  thresholds: number[],
  scheme: 'density' | 'difference',
): Markup {
  const extreme = Math.max(...thresholds);
  return chart(label, {
    width: 330,
    height: 348,
    margin: 34,
    marginTop: 28,
    marginRight: 12,
    marginBottom: 42,
    x: { domain: [-halfWidth, halfWidth], label: 'residual in x (std)', ticks: 6 },
    // Downwards, as in the images.
    y: { domain: [halfWidth, -halfWidth], label: 'residual in y (std)', ticks: 6, labelArrow: 'down' },
    color:
      scheme === 'density'
        ? { type: 'log', scheme: 'magma', domain: [thresholds[0] / 2, extreme * 2] }
        : { type: 'diverging', scheme: 'RdBu', reverse: true, domain: [-extreme, extreme], symmetric: true },
    marks: [
      // Below the lowest level the plane has the colour of zero.
      Plot.frame({ fill: scheme === 'density' ? '#000004' : '#f7f7f7' }),
      Plot.contour(Array.from(values), {
        width: size,
        height: size,
        x1: -halfWidth,
        x2: halfWidth,
        y1: -halfWidth,
        y2: halfWidth,
        fill: Plot.identity,
        thresholds,
        interpolate: 'nearest',
        stroke: colour.ink,
        strokeOpacity: 0.25,
        strokeWidth: 0.5,
      }),
      Plot.frame({ stroke: colour.rule }),
    ],
  });
}

function margins({ size, halfWidth, learned, initial }: ResidualDensity): Markup {
  const cell = (2 * halfWidth) / size;
  const along = (values: ArrayLike<number>, index: (here: number, across: number) => number) =>
    Array.from({ length: size }, (_, here) => {
      let sum = 0;
      for (let across = 0; across < size; across++) sum += values[index(here, across)];
      return { at: cellCentre(here, size, halfWidth), density: sum * cell };
    }).filter(({ density }) => density > 1e-5);
  const x = (here: number, across: number) => across * size + here;
  const y = (here: number, across: number) => here * size + across;
  const line = (data: { at: number; density: number }[], stroke: string, strokeWidth: number) =>
    Plot.line(data, { x: 'at', y: 'density', stroke, strokeWidth });
  return chart('Marginal densities', {
    width: 1080,
    height: 270,
    marginBottom: 44,
    grid: true,
    x: { domain: [-halfWidth, halfWidth], label: 'residual (standard deviations)' },
    y: { type: 'log', label: 'density', ticks: 4, tickFormat: '~g' },
    marks: [
      line(along(initial, x), colour.faint, 1.5),
      line(along(learned, y), colour.second, 2),
      line(along(learned, x), colour.network, 2),
    ],
  });
}
