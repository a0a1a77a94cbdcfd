import { type Child, element } from './element.js';

/** A figure with its unit, or words. */
type Fact = string | readonly [value: string, unit: string];

export type Facts = Readonly<Record<string, Fact>>;

/** Shows figures as cards: a term and its value each. */
export function showFacts(host: HTMLElement, facts: Facts): void {
  const shown = (fact: Fact): Child =>
    typeof fact === 'string' ? fact : [fact[0], ' ', element('small', {}, fact[1])];
  host.replaceChildren(
    ...Object.entries(facts).map(([term, fact]) =>
      element('div', {}, element('dt', {}, term), element('dd', {}, shown(fact))),
    ),
  );
}

/** Steps per second, where some have been taken. */
export const rateText = (rate: number) => (rate > 0 ? rate.toPrecision(3) : '\u2013');
