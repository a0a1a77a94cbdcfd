import { Session } from '../engine/session.js';
import { element } from '../shell/element.js';
import type { Room } from '../shell/room.js';
import { table, tableRow } from '../shell/table.js';
import { bytes, choicesFor } from './choices.js';
import './adapter.css';
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
    const session = new Session<AdapterEngine>('adapter', {
      reference: () => settings.text('device', 'best') === 'reference',
    });
    const content = element('div', { class: 'facts' });
    host.append(session.status.element, content);
    void session.run(async (engine) => {
      const facts = await engine.ask('facts', undefined);
      session.status.say(facts.description);
      content.replaceChildren(...sections(facts));
      content.dataset.done = String(facts.adapter !== null);
      session.stop();
    });
    return () => session.stop();
  },
};

function sections(facts: AdapterFacts): HTMLElement[] {
  const { adapter } = facts;
  const choices = choicesFor(facts).map(({ what, chosen, why }) =>
    element('div', { class: 'choice' }, element('dt', {}, what), element('dd', {}, element('b', {}, chosen), why)),
  );
  const chosen = [element('h2', {}, 'What wgrad chose'), element('dl', { class: 'choices' }, choices)];
  if (!adapter) return chosen;
  const features = [
    element('h2', {}, 'Features'),
    element(
      'ul',
      { class: 'features' },
      adapter.features.map((name) => element('li', {}, name)),
    ),
  ];
  return [
    element('section', {}, chosen, features),
    element('section', {}, element('h2', {}, 'Limits'), limitTable(adapter.limits)),
  ];
}

function limitTable(limits: Readonly<Record<string, number>>): HTMLElement {
  const show = (name: string, value: number) => (/Size$/.test(name) && value >= 1024 ? bytes(value) : String(value));
  // What wgrad counts on stands first.
  const sorted = Object.entries(limits).sort(([a], [b]) => Number(b in GUARANTEED) - Number(a in GUARANTEED));
  const rows = sorted.map(([name, value]) => {
    const guaranteed = GUARANTEED[name];
    const cells = [show(name, value), guaranteed === undefined ? '' : show(name, guaranteed)];
    return tableRow(name, cells, { kind: guaranteed > value ? 'failed' : undefined });
  });
  const titles = ['Limit', 'This adapter', 'wgrad counts on'];
  return table('Limits of the adapter', titles, element('tbody', {}, rows), { kind: 'limits' });
}
