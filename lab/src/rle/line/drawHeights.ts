import { drawable, type Place } from '../../shell/drawing.js';
import { cellAt, REACH } from './noise.js';

/** Where on the surface a height of 1, the highest of the noise that is drawn over, lies: a little below its top. */
export const TOP = 1.12;

/** Lets one draw the noise: the cells that the pen passes get its height. */
export function drawHeights(
  surface: HTMLElement,
  label: string,
  now: () => number[],
  {
    move,
    end,
    drop,
  }: {
    readonly move: (heights: readonly number[]) => void;
    readonly end: (heights: readonly number[]) => void;
    readonly drop: () => void;
  },
): void {
  let heights: number[] = [];
  let last: readonly [cell: number, height: number];
  const at = ([x, y]: Place) => [cellAt(2 * REACH * x - REACH), TOP * (1 - y)] as const;
  const goTo = (place: Place) => {
    const [cell, height] = at(place);
    const [from, before] = last;
    const steps = Math.abs(cell - from);
    for (let k = 0; k <= steps; k++) {
      const share = steps === 0 ? 1 : k / steps;
      heights[from + Math.sign(cell - from) * k] = before + share * (height - before);
    }
    last = [cell, height];
    move(heights);
  };
  drawable(surface, label, {
    begin(place) {
      const probabilities = now();
      const most = Math.max(...probabilities);
      heights = probabilities.map((p) => p / most);
      last = at(place);
      goTo(place);
    },
    move: goTo,
    end: () => end(heights),
    drop,
  });
}
