import { rateText, showFacts } from '../../shell/facts.js';
import { decimals } from '../../shell/numbers.js';
import { swatch } from '../../shell/swatch.js';
import { tableRow } from '../../shell/table.js';
import { gridX, LEVELS, type LineFrame } from './frame.js';
import { LOSSES, lossNames } from './losses.js';
import { bestLogLikelihood, type Noise } from './noise.js';
import { predicted } from './picture.js';

/** The figures of a frame, as cards and as a row per loss. */
export function showNumbers(
  { steps, fits }: LineFrame,
  noise: Noise,
  facts: HTMLElement,
  rows: HTMLElement,
  rate: number,
): void {
  const best = bestLogLikelihood(noise);
  const nearest = lossNames.reduce((a, b) => (fits[a].logLikelihood >= fits[b].logLikelihood ? a : b));
  facts.dataset.steps = String(steps);
  showFacts(facts, {
    Steps: String(steps),
    'Best possible': [decimals(best), 'nats'],
    Nearest: LOSSES[nearest].title,
    'Steps per second': rateText(rate),
  });
  rows.replaceChildren(
    ...lossNames.map((name) => {
      const { loss, logLikelihood, coverage } = fits[name];
      const { title, colour } = LOSSES[name];
      const row = tableRow(
        [swatch(colour), title],
        [
          decimals(loss),
          decimals(logLikelihood),
          decimals(best - logLikelihood),
          `${(100 * coverage[LEVELS.indexOf(0.9)]).toFixed(0)}\u00a0%`,
        ],
      );
      row.dataset.loss = name;
      row.dataset.logLikelihood = String(logLikelihood);
      return row;
    }),
  );
}

/** Why a loss may be below zero, with the figures at the pointer. */
export function whyNegative({ fits }: LineFrame, at: number): string {
  const fit = fits.rleLogS;
  let most = 0;
  for (let e = -6; e <= 6; e += 0.05) most = Math.max(most, predicted(fit, at, fit.mu[at] - fit.sigma[at] * e));
  const loss = decimals(-Math.log(most), 2);
  const sign = most > 1 ? 'below zero' : 'above zero, because there the density is below 1';
  return (
    `Why a loss may be negative: it is minus the logarithm of a density, not of a probability. At x\u00a0=\u00a0${decimals(gridX[at], 2)}, ` +
    `RLE with log s expects a density of up to ${most.toPrecision(2)} per unit of y, and \u2212log ${most.toPrecision(2)} = ${loss} nats is ` +
    `${sign}. In a unit twice as long every loss would be lower by log 2 = 0.69: only differences mean something.`
  );
}
