import { drawable, type Place } from '../shell/drawing.js';
import { EXTENT, type Stroke } from './targets.js';

/** A coordinate takes two characters of this many values each in the address. */
const RADIX = 36;
const STEPS = RADIX * RADIX - 1;

/** Strokes as text for the address: coordinates of two characters, strokes apart by a dash. */
export function formatStrokes(strokes: readonly Stroke[]): string {
  const code = (x: number) => {
    const step = Math.round(((Math.max(-EXTENT, Math.min(EXTENT, x)) + EXTENT) / (2 * EXTENT)) * STEPS);
    return step.toString(RADIX).padStart(2, '0');
  };
  return strokes.map((stroke) => stroke.map(code).join('')).join('-');
}

/** Reads what `formatStrokes` wrote; what is no stroke is left out. */
export function parseStrokes(text: string): Stroke[] {
  return text
    .split('-')
    .filter((part) => /^([0-9a-z]{4})+$/.test(part))
    .map((part) =>
      (part.match(/../g) ?? []).map((code) => (Number.parseInt(code, RADIX) / STEPS) * 2 * EXTENT - EXTENT),
    );
}

/** Lets one draw strokes on a surface that is the square. */
export function drawStrokes(
  surface: HTMLElement,
  label: string,
  {
    move,
    end,
    drop,
  }: { readonly move: (so: Stroke) => void; readonly end: (all: Stroke) => void; readonly drop: () => void },
): void {
  let points: number[] = [];
  const goTo = ([x, y]: Place) => {
    points.push((2 * x - 1) * EXTENT, (1 - 2 * y) * EXTENT);
    move(points);
  };
  drawable(surface, label, {
    begin(place) {
      points = [];
      goTo(place);
    },
    move: goTo,
    end: () => end(points),
    drop,
  });
}
