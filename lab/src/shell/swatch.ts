import { element } from './element.js';

/** A spot of a colour of the style sheet, by its name there. */
export function swatch(colour: string): HTMLElement {
  const spot = element('span', { class: 'swatch', 'aria-hidden': 'true' });
  spot.style.background = `var(--${colour})`;
  return spot;
}

/** A bit of a line as a pen draws it, with its dashes. */
function stroke(colour: string, dash: readonly number[]): HTMLElement {
  const line = swatch(colour);
  line.classList.add('stroke');
  let at = 0;
  const parts = dash.map((length, i) => {
    const from = at;
    at += length / 16;
    return `${i % 2 === 0 ? `var(--${colour})` : 'transparent'} ${from}rem ${at}rem`;
  });
  if (parts.length > 0) line.style.background = `repeating-linear-gradient(90deg, ${parts.join(', ')})`;
  return line;
}

interface KeyEntry {
  readonly colour: string;
  readonly title: string;
  /** Dashes of what is a line; those of a whole one are none. */
  readonly dash?: readonly number[];
}

/** What colours and dashes stand for, in a line: a name for each. */
export function key(entries: readonly KeyEntry[]): HTMLElement {
  return element(
    'p',
    { class: 'key' },
    entries.map(({ colour, title, dash }) => element('span', {}, dash ? stroke(colour, dash) : swatch(colour), title)),
  );
}
