import type { Cells } from '../cells.js';
import type { Pen } from '../shell/figure.js';
import { colour } from '../shell/theme.js';
import type { FlowFrame } from './learner.js';
import { EXTENT, SIDE, type Stroke } from './targets.js';

/** Magma's colours at even steps, as the reports paint densities. */
const MAGMA = ['000004', '1c1044', '4f127b', '812581', 'b5367a', 'e55064', 'fb8761', 'fec287', 'fcfdbf'].map((hex) =>
  [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)),
);

/** A square of density: the plane, bright where it is dense. */
function paintCells(pen: Pen, side: number, density: (cell: number) => number, peak: number): void {
  const image = new ImageData(side, side);
  for (let i = 0; i < side * side; i++) {
    const cell = (side - 1 - Math.floor(i / side)) * side + (i % side);
    // The root lifts faint tails out of the dark.
    const light = Math.min(1, Math.sqrt(Math.max(0, density(cell)) / peak)) * (MAGMA.length - 1);
    const below = Math.min(MAGMA.length - 2, Math.floor(light));
    const share = light - below;
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = (1 - share) * MAGMA[below][c] + share * MAGMA[below + 1][c];
    image.data[4 * i + 3] = 255;
  }
  const small = new OffscreenCanvas(side, side);
  small.getContext('2d')?.putImageData(image, 0, 0);
  pen.context.imageSmoothingQuality = 'high';
  pen.context.drawImage(small, 0, 0, pen.width, pen.height);
}

const square = (pen: Pen) => pen.plain([-EXTENT, EXTENT], [-EXTENT, EXTENT]);

/** The density that is to be learned. */
export function paintTarget(pen: Pen, { probabilities, size }: Cells): void {
  square(pen);
  paintCells(pen, SIDE, (cell) => probabilities[cell] / size, Math.max(...probabilities) / size);
}

/** A line under the pointer, before it is a density. */
export function paintStroke(pen: Pen, stroke: Stroke): void {
  square(pen);
  const even = (offset: number) => stroke.filter((_, i) => i % 2 === offset);
  pen.line(even(0), even(1), '#ffffff', (0.057 * pen.width) / pen.unit);
}

/** The learned density, on the target's scale of brightness. */
export function paintDensity(pen: Pen, { logDensity, side }: FlowFrame, { probabilities, size }: Cells): void {
  square(pen);
  paintCells(pen, side, (cell) => Math.exp(logDensity[cell]), Math.max(...probabilities) / size);
}

/** Draws of the flow. */
export function paintSamples(pen: Pen, { samples }: FlowFrame): void {
  square(pen);
  pen.dots(samples, colour('network'), Math.max(1.2, pen.width / pen.unit / 220), 0.75);
}

/** Straight lines of the base space, as the flow bends them; the axes stand out. */
export function paintGrid(pen: Pen, { grid, lines }: FlowFrame): void {
  square(pen);
  const points = grid.length / 2 / lines;
  for (let line = 0; line < lines; line++) {
    const part = grid.subarray(2 * line * points, 2 * (line + 1) * points);
    const half = lines / 2;
    const isAxis = line % half === (half - 1) / 2;
    const of = (offset: number) => part.filter((_, i) => i % 2 === offset);
    pen.line(of(0), of(1), colour(line < half ? 'network' : 'second'), isAxis ? 2.4 : 1);
  }
}
