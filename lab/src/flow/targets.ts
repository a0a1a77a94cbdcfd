import type { Rng } from 'wgrad';
import { type Cells, cellsOf, drawCell } from '../cells.js';
import { RESIDUALS } from './residuals.js';

/** Half the width of the square in which targets lie. */
export const EXTENT = 3;
/** Cells along a side of it. */
export const SIDE = 96;
const STEP = (2 * EXTENT) / SIDE;

/** A line that the visitor drew: coordinates x, y, x, y, ... in the square. */
export type Stroke = readonly number[];

const WIDTH = 0.17;

const arc = (cx: number, cy: number, radius: number, from: number, to: number): Stroke =>
  Array.from({ length: 97 }, (_, i) => from + ((to - from) * i) / 96).flatMap((a) => [
    cx + radius * Math.cos(a),
    cy + radius * Math.sin(a),
  ]);

/** Shapes that need no picture, as lines along which the density lies. */
const SHAPES: Readonly<Record<string, readonly Stroke[]>> = {
  moons: [arc(-0.8, -0.35, 1.5, 0, Math.PI), arc(0.8, 0.35, 1.5, Math.PI, 2 * Math.PI)],
  rings: [arc(0, 0, 2.2, 0, 2 * Math.PI), arc(0, 0, 1, 0, 2 * Math.PI)],
  spiral: [
    Array.from({ length: 241 }, (_, i) => 0.6 + (i / 240) * 10.6).flatMap((a) => [
      0.22 * a * Math.cos(a),
      0.22 * a * Math.sin(a),
    ]),
  ],
  // Lines without a length: a spot for each residual.
  residuals: Array.from({ length: RESIDUALS.length / 2 }, (_, i) => [
    RESIDUALS[2 * i] / 100,
    RESIDUALS[2 * i + 1] / 100,
  ]),
};

/** The target of a name, or undefined. */
export function shape(name: string): Cells | undefined {
  return Object.hasOwn(SHAPES, name) ? alongStrokes(SHAPES[name]) : undefined;
}

/** A density that is highest on the lines and falls off as a normal one across them. */
export function alongStrokes(strokes: readonly Stroke[]): Cells {
  const weights = new Float64Array(SIDE * SIDE);
  for (const stroke of strokes) {
    for (let i = 0; i < stroke.length; i += 2) {
      const j = Math.min(i + 2, stroke.length - 2);
      addSegment(weights, [stroke[i], stroke[i + 1], stroke[j], stroke[j + 1]]);
    }
  }
  return cellsOf(weights, STEP * STEP);
}

/** Each piece of a line counts by its length, so that how fast a hand moved leaves no trace. */
function addSegment(weights: Float64Array, [x0, y0, x1, y1]: readonly number[]): void {
  const length = Math.hypot(x1 - x0, y1 - y0);
  const pieces = Math.max(1, Math.ceil(length / (0.5 * STEP)));
  for (let k = 0; k < pieces; k++) {
    const t = (k + 0.5) / pieces;
    addSpot(weights, x0 + t * (x1 - x0), y0 + t * (y1 - y0), Math.max(length, 1e-3) / pieces);
  }
}

function addSpot(weights: Float64Array, x: number, y: number, amount: number): void {
  const reach = Math.ceil((3 * WIDTH) / STEP);
  const [column, row] = [cellAt(x), cellAt(y)];
  for (let r = Math.max(0, row - reach); r <= Math.min(SIDE - 1, row + reach); r++) {
    for (let c = Math.max(0, column - reach); c <= Math.min(SIDE - 1, column + reach); c++) {
      const squared = (centreOf(c) - x) ** 2 + (centreOf(r) - y) ** 2;
      weights[r * SIDE + c] += amount * Math.exp(-squared / (2 * WIDTH * WIDTH));
    }
  }
}

const cellAt = (x: number) => Math.floor((x + EXTENT) / STEP);
const centreOf = (cell: number) => (cell + 0.5) * STEP - EXTENT;

/** `count` draws, row-major [count, 2]. */
export function drawPoints(target: Cells, count: number, rng: Rng): Float32Array {
  const points = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const cell = drawCell(target, rng);
    points[2 * i] = ((cell % SIDE) + rng.uniform()) * STEP - EXTENT;
    points[2 * i + 1] = (Math.floor(cell / SIDE) + rng.uniform()) * STEP - EXTENT;
  }
  return points;
}
