import { element } from './element.js';
import type { Figure } from './figure.js';

/** A figure with a caption: what it shows in a word, and what one sees in it. */
export function panel(figure: Figure, title: string, says: string, ...more: readonly HTMLElement[]): HTMLElement {
  return element(
    'figure',
    {},
    figure.canvas,
    element('figcaption', {}, element('b', {}, `${title}:`), ` ${says}`),
    more,
  );
}
