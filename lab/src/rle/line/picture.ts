import type { Pen } from '../../shell/figure.js';
import { colour } from '../../shell/theme.js';
import { TOP } from './drawHeights.js';
import { densityOf, quantile } from './errorTable.js';
import { type Fit, gridX, LEVELS, type LineFrame } from './frame.js';
import { LOSSES, type LossName, lossNames } from './losses.js';
import { CELLS, centreOf, curve, densityAt, type Noise, REACH, scaleAt } from './noise.js';

/** What is drawn of x and y. */
export const X = [-1, 1] as const;
const Y = [-1.9, 1.9] as const;
/** Rows in which the shade of a density is painted. */
const ROWS = 96;

/** The noise as the visitor has shaped it. */
export function paintNoise(pen: Pen, { shape: { probabilities } }: Noise): void {
  const most = Math.max(...probabilities);
  pen.plain([-REACH, REACH], [0, TOP]);
  const half = REACH / CELLS;
  const xs = Array.from({ length: 2 * CELLS }, (_, i) => centreOf(i >> 1) + (i % 2 === 0 ? -half : half));
  const ys = xs.map((_, i) => probabilities[i >> 1] / most);
  const zero = xs.map(() => 0);
  pen.band(xs, zero, ys, colour('faint'), 0.35);
  pen.line(xs, ys, colour('faint'), 1.5);
  pen.line([0, 0], [0, TOP], colour('rule'), 1, [3, 3]);
}

/** The density of y that a fit predicts at a place of the grid. */
export function predicted({ mu, sigma, table }: Fit, i: number, y: number): number {
  return densityOf(table, (mu[i] - y) / sigma[i]) / sigma[i];
}

/** The labels, what is predicted of them, and where the visitor points. */
export function paintFit(pen: Pen, { fits, points }: LineFrame, name: LossName, noise: Noise, at: number): void {
  const fit = fits[name];
  const { colour: tint } = LOSSES[name];
  pen.axes({ domain: X, ticks: [-1, 0, 1], label: 'x' }, { domain: Y, ticks: [-1, 0, 1], label: 'y' });
  pen.inside(() => {
    shade(pen, fit, noise, colour(tint));
    const dots = Array.from(points.x, (x, i) => [x, points.y[i]]).flat();
    pen.dots(dots, colour('ink'), 1.3, 0.45);
    for (const level of [0.05, 0.95]) {
      const e = quantile(fit.table, 1 - level);
      pen.line(
        gridX,
        fit.mu.map((mu, i) => mu - fit.sigma[i] * e),
        colour(tint),
        1.5,
        [5, 4],
      );
    }
    pen.line(gridX, fit.place, colour(tint), 2.5);
    const x = gridX[at];
    pen.line([x, x], [...Y], colour('faint'), 1, [2, 3]);
  });
}

/** How dense y is at each x, by how much of the colour covers the paper: all of it where the truth has its peak. */
function shade(pen: Pen, fit: Fit, noise: Noise, tint: string): void {
  const columns = gridX.length;
  const [red, green, blue] = (tint.match(/\d+/g) ?? []).map(Number);
  const peak = Math.max(...noise.shape.probabilities) / noise.shape.size;
  const image = new ImageData(columns, ROWS);
  for (let i = 0; i < columns; i++) {
    const most = peak / scaleAt(noise, gridX[i]);
    for (let row = 0; row < ROWS; row++) {
      const y = Y[1] - ((row + 0.5) / ROWS) * (Y[1] - Y[0]);
      const cover = Math.sqrt(Math.min(1, predicted(fit, i, y) / most));
      image.data.set([red, green, blue, 150 * cover], 4 * (row * columns + i));
    }
  }
  const small = new OffscreenCanvas(columns, ROWS);
  small.getContext('2d')?.putImageData(image, 0, 0);
  const [left, right, top, bottom] = [pen.atX(X[0]), pen.atX(X[1]), pen.atY(Y[1]), pen.atY(Y[0])];
  pen.context.imageSmoothingQuality = 'high';
  pen.context.drawImage(small, left, top, right - left, bottom - top);
}

/** The densities of y that the six expect at one x, and the true one. */
export function paintDensities(pen: Pen, { fits }: LineFrame, noise: Noise, at: number): void {
  const x = gridX[at];
  const scale = scaleAt(noise, x);
  const ys = Array.from({ length: 321 }, (_, i) => curve(x) + scale * (i / 40 - 4));
  const truth = ys.map((y) => densityAt(noise.shape, (y - curve(x)) / scale) / scale);
  const most = 1.35 * Math.max(...truth);
  pen.axes({ domain: [ys[0], ys[ys.length - 1]], label: 'y' }, { domain: [0, most], label: 'density' });
  pen.inside(() => {
    pen.band(
      ys,
      ys.map(() => 0),
      truth,
      colour('faint'),
      0.3,
    );
    for (const name of lossNames) {
      const { colour: tint, dash } = LOSSES[name];
      const line = ys.map((y) => predicted(fits[name], at, y));
      pen.line(ys, line, colour(tint), name === 'rleLogS' ? 3 : 2, dash);
    }
  });
}

/** How many labels lie inside of the central intervals that should hold so many. */
export function paintCoverage(pen: Pen, { fits }: LineFrame): void {
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  pen.axes({ domain: [0, 1], ticks, label: 'nominal' }, { domain: [0, 1], ticks, label: 'observed' });
  pen.line([0, 1], [0, 1], colour('faint'), 1, [2, 3]);
  for (const name of lossNames) {
    const { colour: tint, dash } = LOSSES[name];
    pen.line(LEVELS, fits[name].coverage, colour(tint), name === 'rleLogS' ? 3 : 2, dash);
  }
}
