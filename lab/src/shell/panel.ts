import { element } from './element.js';

/** A picture with a caption: what it shows in a word, and what one sees in it. */
export function panel(picture: HTMLElement, title: string, says: string, ...more: readonly HTMLElement[]): HTMLElement {
  return element('figure', {}, picture, element('figcaption', {}, element('b', {}, `${title}:`), ` ${says}`), more);
}
