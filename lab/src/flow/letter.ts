import { type Cells, cellsOf } from '../cells.js';
import { EXTENT, SIDE } from './targets.js';

/** A letter as a density: as much of each cell as ink covers. */
export function letterTarget(letter: string): Cells {
  const canvas = new OffscreenCanvas(SIDE, SIDE);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('this browser draws no letters: its canvas has no 2d context');
  context.font = `bold ${0.86 * SIDE}px system-ui, sans-serif`;
  context.textAlign = 'center';
  const { actualBoundingBoxAscent: up, actualBoundingBoxDescent: down } = context.measureText(letter);
  context.fillText(letter, SIDE / 2, (SIDE + up - down) / 2);
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  // Pictures begin at the top, densities at the bottom.
  const weights = Float64Array.from({ length: SIDE * SIDE }, (_, i) => {
    const [row, column] = [Math.floor(i / SIDE), i % SIDE];
    return data[4 * ((SIDE - 1 - row) * SIDE + column) + 3];
  });
  return cellsOf(weights, ((2 * EXTENT) / SIDE) ** 2);
}
