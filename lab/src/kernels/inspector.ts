import type { Session } from '../engine/session.js';
import { element } from '../shell/element.js';
import type { Settings } from '../shell/settings.js';
import type { KernelsEngine } from './engine.js';
import { inspectionView, tunedView } from './inspection.js';

const STANDARD = 'matmul, 256 cubed';

/** Shows the kernel of a case that the visitor chooses; the choice goes into the address. */
export class Inspector {
  readonly element: HTMLElement;
  readonly #list = element('select', { id: 'case' });
  readonly #kernel = element('div', { class: 'kernel' });
  readonly #session: Session<KernelsEngine>;
  readonly #settings: Settings;
  readonly #changed: () => void;

  /** @param changed is called when another case is shown */
  constructor(session: Session<KernelsEngine>, settings: Settings, changed: () => void) {
    this.#session = session;
    this.#settings = settings;
    this.#changed = changed;
    this.#list.onchange = () => this.#inspect();
    this.element = element(
      'section',
      { class: 'inspector', 'aria-label': 'The kernel of a case' },
      element('div', { class: 'control' }, element('label', { for: 'case' }, 'Case'), this.#list),
      this.#kernel,
    );
  }

  /** The key of the case that is shown. */
  get shown(): string {
    return this.#list.value;
  }

  /** Fills the list of cases and shows the one that the address names. */
  fill(keys: readonly string[]): void {
    this.#list.replaceChildren(...keys.map((key) => element('option', { value: key }, key)));
    this.#list.value = this.#settings.choice('kernel', keys, STANDARD);
    this.#show();
  }

  /** Shows a case and brings it into view. */
  show(key: string): void {
    this.#list.value = key;
    this.#inspect();
    this.element.scrollIntoView({ block: 'start' });
    this.#list.focus({ preventScroll: true });
  }

  #inspect(): void {
    this.#settings.set('kernel', this.shown);
    this.#show();
  }

  #show(): void {
    this.#changed();
    const key = this.shown;
    void this.#session.run(async (engine) => {
      const found = await engine.ask('inspect', key);
      if (key !== this.shown) return;
      this.#kernel.replaceChildren(...inspectionView(found, (into) => this.#tune(key, into)));
      this.#kernel.dataset.done = key;
    });
  }

  #tune(key: string, into: HTMLElement): void {
    into.replaceChildren(element('p', { class: 'prose' }, 'Checking and timing every candidate\u2026'));
    void this.#session.run(async (engine) => {
      into.replaceChildren(...tunedView(await engine.ask('tune', key)));
    });
  }
}
