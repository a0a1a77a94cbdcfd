import { type Child, element } from './element.js';

export interface Workbench {
  /** What one presses most, above the other settings; on a phone the results stand between the two. */
  readonly head: readonly Child[];
  readonly settings: readonly Child[];
  /** What comes of them: parts, or an element that the room fills itself. */
  readonly results: readonly Child[] | HTMLElement;
  /** What has a place of its own beside settings and results where there is room. */
  readonly beside?: HTMLElement;
  /** What Enter in a field does. */
  readonly submit?: () => void;
}

/** The style sheet, too, puts the results below the settings from this width down. */
const narrow = matchMedia('(max-width: 52rem)');

/** A room's settings beside what comes of them. Elements stand in the document as one sees them, so that keys go the way the eyes go. */
export function workbench({ head, settings, results, beside, submit }: Workbench): HTMLElement {
  const onsubmit = (event: Event) => {
    event.preventDefault();
    submit?.();
  };
  const first = element('form', { class: 'head', onsubmit }, head);
  const rest = element('form', { class: 'controls', 'aria-label': 'Settings', onsubmit }, settings);
  const shown = results instanceof HTMLElement ? results : element('div', { class: 'results' }, results);
  const made = element('div', { class: 'workbench' });
  const arrange = () => {
    const focused = document.activeElement;
    const side = element('div', { class: 'side' });
    made.replaceChildren(...(narrow.matches ? [first, shown, rest] : [side, shown]), ...(beside ? [beside] : []));
    if (!narrow.matches) side.append(first, rest);
    if (focused instanceof HTMLElement && made.contains(focused)) focused.focus({ preventScroll: true });
  };
  arrange();
  narrow.onchange = arrange; // in place of that of the room before
  return made;
}
