import { chooser, numberField, slider, sliderValue } from './controls.js';
import type { Settings } from './settings.js';

const SEED = { standard: 1, least: 0, most: 999_999 };

/** The settings that every room has that trains: how fast, how often it is drawn, from which seed, on what. */
export class TrainingSettings {
  readonly #settings: Settings;
  readonly #rate;
  readonly #speed;

  /** @param standard the learning rate and the steps per picture that the address does not say */
  constructor(settings: Settings, standard: { readonly lr: number; readonly speed: number }) {
    this.#settings = settings;
    this.#rate = { standard: Math.log10(standard.lr), least: -4, most: -1.5, step: 0.05, logarithmic: true };
    this.#speed = { standard: standard.speed, least: 1, most: 100, step: 1 };
  }

  seed(): number {
    return Math.round(this.#settings.number('seed', SEED.standard, SEED.least, SEED.most));
  }

  /** What `Training` asks for. */
  options() {
    const settings = this.#settings;
    return {
      reference: () => settings.text('device', 'best') === 'reference',
      lr: () => sliderValue(settings, 'lr', this.#rate),
      speed: () => Math.round(sliderValue(settings, 'speed', this.#speed)),
      until: () => settings.number('until', Number.POSITIVE_INFINITY, 0, Number.POSITIVE_INFINITY),
    };
  }

  /** Their controls; `again` begins anew. */
  controls(again: () => void): HTMLElement[] {
    const settings = this.#settings;
    const nothing = () => undefined;
    return [
      slider(settings, 'lr', 'Learning rate', this.#rate, nothing),
      slider(settings, 'speed', 'Steps per picture', this.#speed, nothing),
      numberField(settings, 'seed', 'Seed', SEED, again),
      chooser(settings, 'device', 'Device', { best: 'The best there is', reference: 'CPU reference' }, 'best', again),
    ];
  }
}
