import type { Figure } from '../../shell/figure.js';
import { cellAt, REACH } from './noise.js';

/** Follows the pointer over the noise: the cells that it passes get its height. */
export function drawHeights(
  { canvas }: Figure,
  now: () => number[],
  { move, end }: { readonly move: (heights: number[]) => void; readonly end: () => void },
): void {
  let heights: number[] | undefined;
  let last: readonly [cell: number, height: number] | undefined;
  canvas.classList.add('drawable');
  const add = ({ offsetX, offsetY }: PointerEvent) => {
    if (!heights) return;
    const cell = cellAt((offsetX / canvas.clientWidth) * 2 * REACH - REACH);
    const height = Math.max(0, 1.12 * (1 - offsetY / canvas.clientHeight));
    const [from, before] = last ?? [cell, height];
    const steps = Math.abs(cell - from);
    for (let k = 0; k <= steps; k++) {
      const share = steps === 0 ? 1 : k / steps;
      heights[from + Math.sign(cell - from) * k] = before + share * (height - before);
    }
    last = [cell, height];
    move(heights);
  };
  canvas.onpointerdown = (event) => {
    const probabilities = now();
    const most = Math.max(...probabilities);
    heights = probabilities.map((p) => p / most);
    last = undefined;
    canvas.setPointerCapture(event.pointerId);
    add(event);
  };
  canvas.onpointermove = add;
  canvas.onpointerup = canvas.onpointercancel = () => {
    heights = undefined;
    end();
  };
}
