import type { KernelChoice, TuneResult } from 'wgrad/testing';
import { wgslText } from '../code/highlight.js';
import { button } from '../shell/controls.js';
import { element } from '../shell/element.js';
import { table, tableRow } from '../shell/table.js';
import type { Inspection, RunProgram } from './engine.js';
import { digits } from './tables.js';

/** What runs for a case: the plans and why, a button that tunes them, the WGSL. */
export function inspectionView({ choices, programs }: Inspection, tune: (host: HTMLElement) => void): HTMLElement[] {
  const found = element('div', { class: 'tuned', 'aria-live': 'polite' });
  const plans = choices.map(plan);
  const tuning = button('Tune', () => tune(found));
  return [
    choices.length === 0
      ? element('p', { class: 'prose' }, 'There is one kernel for this case on this adapter, so nothing is chosen.')
      : element('dl', { class: 'choices' }, plans),
    ...(choices.length > 0 ? [element('div', { class: 'row' }, tuning), found] : []),
    ...(programs.length === 0
      ? [element('p', { class: 'prose' }, 'Nothing runs: the result shares the memory of its operand.')]
      : programs.map(listing)),
  ];
}

function plan({ question, chosen, why, candidates }: KernelChoice): HTMLElement {
  const others = candidates.filter((one) => one !== chosen);
  return element(
    'div',
    { class: 'choice' },
    element('dt', {}, question),
    element(
      'dd',
      {},
      element('b', {}, chosen),
      why,
      others.length > 0 && element('span', { class: 'others' }, ` Tuning would compare it with ${others.join(', ')}.`),
    ),
  );
}

function listing({ label, code, grids }: RunProgram): HTMLElement {
  const copy = button('Copy', () => {
    void navigator.clipboard.writeText(code).then(
      () => {
        copy.textContent = 'Copied';
      },
      () => {
        copy.textContent = 'Not allowed';
      },
    );
  });
  return element(
    'figure',
    { class: 'listing' },
    element(
      'figcaption',
      {},
      element('span', {}, element('b', {}, label), ` on ${grids.join(', then ')} workgroups`),
      copy,
    ),
    element('pre', { tabindex: 0, role: 'region', 'aria-label': `WGSL of ${label}` }, wgslText(code)),
  );
}

/** What tuning found: every candidate with its time, and which were refused and why. */
export function tunedView(results: readonly TuneResult[]): HTMLElement[] {
  return results.map(({ question, choice, builtIn, candidates, rejected }) => {
    const best = Math.min(...candidates.values());
    const times = [...candidates].sort(([, a], [, b]) => a - b);
    const words = [3];
    const rows = times.map(([name, ms]) => {
      const notes = [name === choice && 'chosen', name === builtIn && 'built in'].filter(Boolean).join(', ');
      const bar = element('span', { class: 'meter', 'aria-hidden': 'true' });
      bar.style.setProperty('--share', String(best / ms));
      const speed = element('span', { class: 'share' }, bar, (best / ms).toFixed(2));
      return tableRow(name, [digits(ms), speed, notes], { words });
    });
    const refused = [...rejected].map(([name, why]) => element('li', {}, element('b', {}, name), `: ${why}`));
    return element(
      'div',
      {},
      table(`Candidates for ${question}`, ['Candidate', 'Median ms', 'Speed', ''], element('tbody', {}, rows), {
        words,
      }),
      refused.length > 0 && element('ul', { class: 'refused' }, refused),
    );
  });
}
