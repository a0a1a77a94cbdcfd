import { type Child, element } from './element.js';

export interface WorkbenchOptions {
  /** What Enter in a field of the settings does, if they have a `submitButton`. */
  readonly submit?: () => void;
  /** What one presses most; on a phone it stands above the results, and the settings below them. */
  readonly head?: readonly Child[];
  /** What has a place of its own beside settings and results where there is room. */
  readonly beside?: HTMLElement;
}

/** A room's settings, a form, beside what comes of them: parts, or an element that the room fills itself. */
export function workbench(
  settings: readonly Child[],
  results: readonly Child[] | HTMLElement,
  { submit, head, beside }: WorkbenchOptions = {},
): HTMLElement {
  const onsubmit = (event: Event) => {
    event.preventDefault();
    submit?.();
  };
  return element(
    'div',
    { class: 'workbench' },
    element(
      'div',
      { class: 'side' },
      head && element('div', { class: 'head' }, head),
      element('form', { class: 'controls', 'aria-label': 'Settings', onsubmit }, settings),
    ),
    results instanceof HTMLElement ? results : element('div', { class: 'results' }, results),
    beside,
  );
}
