import { element } from './element.js';

/** Shows figures as cards: a term and its value each. */
export function showFacts(host: HTMLElement, facts: Readonly<Record<string, string>>): void {
  host.replaceChildren(
    ...Object.entries(facts).map(([term, value]) =>
      element('div', {}, element('dt', {}, term), element('dd', {}, value)),
    ),
  );
}

/** Steps per second, where some have been taken. */
export const rateText = (rate: number) => (rate > 0 ? rate.toPrecision(3) : '\u2013');
