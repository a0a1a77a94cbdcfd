import { element } from './element.js';

/** A spot of a colour of the style sheet, by its name there. */
export function swatch(colour: string): HTMLElement {
  const spot = element('span', { class: 'swatch', 'aria-hidden': 'true' });
  spot.style.background = `var(--${colour})`;
  return spot;
}

/** What colours stand for, in a line: a name for each. */
export function key(entries: readonly { readonly colour: string; readonly title: string }[]): HTMLElement {
  return element(
    'p',
    { class: 'key' },
    entries.map(({ colour, title }) => element('span', {}, swatch(colour), title)),
  );
}
