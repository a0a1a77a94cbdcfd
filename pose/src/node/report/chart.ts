import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { Markup } from './markup.js';

/** The page's colours, by the CSS variables that its light and dark themes define. */
export const colour = {
  ink: 'var(--ink)',
  faint: 'var(--faint)',
  rule: 'var(--rule)',
  network: 'var(--network)',
  second: 'var(--second)',
  baselines: ['var(--baseline-1)', 'var(--baseline-2)', 'var(--baseline-3)'],
} as const;

/**
 * Draws a chart of Observable Plot as static SVG, without a browser and without a script in the page.
 * @param label what the chart shows, for those who cannot see it
 */
export function chart(label: string, options: Plot.PlotOptions): Markup {
  const { document } = parseHTML('<!DOCTYPE html><html></html>');
  const svg = Plot.plot({
    style: { fontFamily: 'inherit', fontSize: '12px', background: 'none', overflow: 'visible' },
    ...options,
    document,
    ariaLabel: label,
  });
  svg.setAttribute('role', 'img');
  return new Markup(svg.outerHTML);
}
