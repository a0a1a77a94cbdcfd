import { element } from './element.js';

/** A place on a surface: shares of its width from the left and of its height from the top. */
export type Place = readonly [x: number, y: number];

/** What is done with a line that one draws. */
export interface Drawing {
  /** The line begins at a place, */
  begin(at: Place): void;
  /** goes on to another, */
  move(to: Place): void;
  /** and is finished, */
  end(): void;
  /** or taken back. */
  drop(): void;
}

/** How far a key moves the pen, and with Shift. */
const [STEP, FINE] = [1 / 40, 1 / 200];
const WAYS: Readonly<Record<string, Place>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const KEYS = 'Arrows move a pen, with Shift a little; Space puts it down and lifts it; Escape takes the line back.';

/**
 * Lets one draw on a surface, with the pointer or with keys. The surface is laid out by the caller and stretches with what is
 * drawn on; a pen that only keys need is shown on it while it has their focus.
 */
export function drawable(surface: HTMLElement, label: string, drawing: Drawing): void {
  const pen = element('span', { class: 'pen', 'aria-hidden': 'true' });
  let place: Place = [0.5, 0.5];
  let isDown = false;
  surface.classList.add('drawable');
  surface.tabIndex = 0;
  surface.setAttribute('role', 'group');
  surface.setAttribute('aria-label', `${label} ${KEYS}`);
  surface.append(pen);

  const goTo = (next: Place) => {
    const [x, y] = next.map((share) => Math.min(1, Math.max(0, share)));
    place = [x, y];
    Object.assign(pen.style, { left: `${100 * x}%`, top: `${100 * y}%` });
  };
  const lower = () => {
    isDown = true;
    pen.classList.add('down');
    drawing.begin(place);
  };
  const lift = (finish: () => void) => {
    if (!isDown) return;
    isDown = false;
    pen.classList.remove('down');
    finish();
  };
  const end = () => lift(() => drawing.end());
  const drop = () => lift(() => drawing.drop());
  goTo(place);

  const follow = ({ clientX, clientY }: PointerEvent) => {
    const { left, top, width, height } = surface.getBoundingClientRect();
    goTo([(clientX - left) / width, (clientY - top) / height]);
  };
  surface.onpointerdown = (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    end(); // what keys had begun
    surface.setPointerCapture(event.pointerId);
    follow(event);
    lower();
  };
  surface.onpointermove = (event) => {
    if (!isDown || !surface.hasPointerCapture(event.pointerId)) return;
    follow(event);
    drawing.move(place);
  };
  surface.onpointerup = end;
  surface.onpointercancel = drop;

  surface.onkeydown = (event) => {
    const { key, shiftKey } = event;
    const way = WAYS[key];
    if (way) {
      const far = shiftKey ? FINE : STEP;
      goTo([place[0] + far * way[0], place[1] + far * way[1]]);
      if (isDown) drawing.move(place);
    } else if (key === ' ') {
      if (isDown) end();
      else lower();
    } else if (key === 'Escape') drop();
    else return;
    event.preventDefault();
  };
  surface.onblur = end;
}
