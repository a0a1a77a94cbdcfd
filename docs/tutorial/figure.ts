import type * as Plot from '@observablehq/plot';
import { chart } from '../../pose/src/node/report/chart.js';

const PANEL = { width: 330, height: 300, marginBottom: 44 } as const;
const MARGIN = 14;
const TITLE = 24;

// An SVG file by itself has no page whose colours it could take over.
export const COLOUR = {
  ink: '#1c2230',
  faint: '#6b7386',
  rule: '#dfe2e8',
  blue: '#3f51c9',
  orange: '#d9662b',
  green: '#23846a',
} as const;

export interface Panel {
  readonly title: string;
  /** The panel's lines by name and colour, written under its title. */
  readonly key?: Readonly<Record<string, string>>;
  readonly plot: Plot.PlotOptions;
}

/** Panels side by side as one SVG file; `label` says what it shows to those who cannot see it. */
export function figure(label: string, panels: readonly Panel[]): string {
  const head = panels.some(({ key }) => key) ? 2 * TITLE : TITLE;
  const width = MARGIN + panels.length * (PANEL.width + MARGIN);
  const height = head + PANEL.height + 2 * MARGIN;
  const drawn = panels.map(({ title, key = {}, plot }, i) => {
    const names = Object.entries(key).map(
      ([name, fill], k) => `<tspan fill="${fill}"${k > 0 ? ' dx="12"' : ''}>${escapeXml(name)}</tspan>`,
    );
    const x = MARGIN + i * (PANEL.width + MARGIN);
    return [
      `<g transform="translate(${x} ${MARGIN})">`,
      `<text x="4" y="13" font-size="14" font-weight="600" fill="${COLOUR.ink}">${escapeXml(title)}</text>`,
      `<text x="4" y="34" font-size="12.5" font-weight="600">${names.join('')}</text>`,
      `<g transform="translate(0 ${head})">${chart(title, { ...PANEL, ...plot }).text}</g></g>`,
    ].join('');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" color="${COLOUR.ink}">`,
    `<title>${escapeXml(label)}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
