import { slider, sliderValue } from '../shell/controls.js';
import { element } from '../shell/element.js';
import { Figure, type Pen } from '../shell/figure.js';
import { decimals } from '../shell/numbers.js';
import type { Settings } from '../shell/settings.js';
import { key } from '../shell/swatch.js';
import { colour } from '../shell/theme.js';
import { COSTS, costOfSigma } from './costs.js';
import type { LiveFigure } from './liveFigure.js';

const ERROR = { standard: 0.1, least: 0.02, most: 0.5, step: 0.01 };
const all = Object.values(COSTS);

/** The figure of section 1, whose error the reader moves: the cheapest sigma follows it. */
export function liveLikelihoods(settings: Settings): LiveFigure {
  let error = sliderValue(settings, 'error', ERROR);
  const sigmas = Array.from({ length: 161 }, (_, i) => 0.02 * 50 ** (i / 160));
  const cheapest = element('p', { class: 'moment', role: 'status' });
  const costs = new Figure({
    aspect: 0.75,
    label: 'What an error costs under three densities, in units of sigma',
    paint(pen) {
      const es = Array.from({ length: 161 }, (_, i) => (i - 80) / 13.4);
      pen.axes({ domain: [-6, 6], label: 'error, in units of sigma' }, { domain: [0, 9], label: 'cost, nats' });
      drawLines(pen, es, (cost, e) => cost(e));
    },
  });
  const scales = new Figure({
    aspect: 0.75,
    label: 'What a sigma costs under three densities, for one error',
    paint(pen) {
      pen.axes({ domain: [0, 1], label: 'sigma' }, { domain: [-2, 4], label: 'loss, nats' });
      pen.inside(() => pen.line([error, error], [-2, 4], colour('faint'), 1, [3, 3]));
      drawLines(pen, sigmas, (cost, sigma) => costOfSigma(cost, error, sigma));
    },
  });
  const show = () => {
    scales.paint();
    const best = all.map(({ title, cost }) => {
      const loss = (sigma: number) => costOfSigma(cost, error, sigma);
      const sigma = sigmas.reduce((a, b) => (loss(a) <= loss(b) ? a : b));
      return `${title} ${decimals(sigma, 2)}`;
    });
    cheapest.textContent = `For an error of ${decimals(error, 2)} the cheapest sigma is: ${best.join(', ')}.`;
  };
  const control = slider(settings, 'error', 'Error', ERROR, () => undefined);
  const input = control.querySelector('input') as HTMLInputElement;
  input.addEventListener('input', () => {
    error = input.valueAsNumber;
    show();
  });
  show();
  return {
    element: element(
      'figure',
      { class: 'live' },
      element('div', { class: 'panels pair' }, costs.canvas, scales.canvas),
      key(all),
      control,
      cheapest,
    ),
    close() {
      costs.close();
      scales.close();
    },
  };
}

function drawLines(pen: Pen, xs: readonly number[], at: (cost: (e: number) => number, x: number) => number): void {
  pen.inside(() => {
    for (const { cost, colour: tint } of all) {
      pen.line(
        xs,
        xs.map((x) => at(cost, x)),
        colour(tint),
        2.5,
      );
    }
  });
}
