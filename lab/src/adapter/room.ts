import { Engine } from '../engine/engine.js';
import { element } from '../shell/element.js';
import { type Room, StatusLine } from '../shell/room.js';
import { bytes, choicesFor } from './choices.js';
import type { AdapterEngine, AdapterFacts } from './engine.js';

/** What WebGPU guarantees, and every kernel of wgrad stays within. */
const GUARANTEED: Readonly<Record<string, number>> = {
  maxStorageBuffersPerShaderStage: 8,
  maxStorageBufferBindingSize: 2 ** 27,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupsPerDimension: 65535,
};

export const adapterRoom: Room = {
  name: 'adapter',
  title: 'This adapter',
  lead: 'What your browser offers to computing pages, and what wgrad makes of it.',
  enter(host, settings) {
    const status = new StatusLine();
    const content = element('div');
    host.append(status.element, content);
    let engine: Engine<AdapterEngine> | undefined;
    let left = false;
    const run = async () => {
      try {
        const reference = settings.text('device', 'best') === 'reference';
        const { engine: mine } = await Engine.open<AdapterEngine>('adapter', {}, reference);
        if (left) return mine.close();
        engine = mine;
        const facts = await mine.ask('facts', undefined);
        status.say(facts.description);
        content.replaceChildren(...sections(facts));
        content.dataset.done = String(facts.adapter !== null);
      } catch (error) {
        if (!left) status.fail((error as Error).message, () => void run());
      }
      engine?.close();
    };
    void run();
    return () => {
      left = true;
      engine?.close();
    };
  },
};

function sections(facts: AdapterFacts): HTMLElement[] {
  const { adapter } = facts;
  const choices = choicesFor(facts).map(({ what, chosen, why }) =>
    element('div', { class: 'choice' }, element('dt', {}, what), element('dd', {}, element('b', {}, chosen), why)),
  );
  const chosen = [element('h2', {}, 'What wgrad chose'), element('dl', { class: 'choices' }, choices)];
  if (!adapter) return chosen;
  return [
    ...chosen,
    element('h2', {}, 'Features'),
    element(
      'ul',
      { class: 'features' },
      adapter.features.map((name) => element('li', {}, name)),
    ),
    element('h2', {}, 'Limits'),
    element(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Limits of the adapter' },
      limitTable(adapter.limits),
    ),
  ];
}

function limitTable(limits: Readonly<Record<string, number>>): HTMLElement {
  const show = (name: string, value: number) => (/Size$/.test(name) && value >= 1024 ? bytes(value) : String(value));
  const rows = Object.entries(limits).map(([name, value]) => {
    const guaranteed = GUARANTEED[name];
    return element(
      'tr',
      { class: guaranteed > value ? 'failed' : undefined },
      element('th', { scope: 'row' }, name),
      element('td', {}, show(name, value)),
      element('td', {}, guaranteed === undefined ? '' : show(name, guaranteed)),
    );
  });
  return element(
    'table',
    { class: 'limits' },
    element(
      'thead',
      {},
      element(
        'tr',
        {},
        ['Limit', 'This adapter', 'wgrad counts on'].map((title) => element('th', { scope: 'col' }, title)),
      ),
    ),
    element('tbody', {}, rows),
  );
}
