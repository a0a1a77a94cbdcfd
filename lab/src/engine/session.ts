import { StatusLine } from '../shell/room.js';
import { describe } from '../shell/training.js';
import { Engine } from './engine.js';
import type { Opened, RoomName } from './protocol.js';

type Methods<T> = { readonly [K in keyof T]: (argument: never) => Promise<unknown> };

export interface SessionOptions {
  /** Whether to compute on the reference. */
  readonly reference?: () => boolean;
  /** Told of the device when it is open. */
  readonly opened?: (opened: Opened) => void;
}

/**
 * A room's worker and the line that says how it fares. The worker is opened when it is first needed, and again after it was
 * stopped or something went wrong.
 */
export class Session<T extends Methods<T>> {
  readonly status = new StatusLine();
  readonly #room: RoomName;
  readonly #options: SessionOptions;
  #engine: Promise<Engine<T>> | undefined;
  #round = 0;

  constructor(room: RoomName, options: SessionOptions = {}) {
    this.#room = room;
    this.#options = options;
  }

  /**
   * Does work with the worker. What goes wrong is said in the line, with a button that begins the work again. Work whose
   * worker is stopped does not go on: what it waits for never comes.
   */
  async run(work: (engine: Engine<T>) => Promise<void>): Promise<void> {
    const round = this.#round;
    try {
      this.#engine ??= this.#open();
      const engine = await this.#engine;
      if (round === this.#round) await work(engine);
    } catch (error) {
      if (round !== this.#round) return;
      this.stop();
      this.status.fail((error as Error).message, () => void this.run(work));
    }
  }

  /** Ends the worker and all work with it. */
  stop(): void {
    this.#round++;
    const engine = this.#engine;
    this.#engine = undefined;
    engine?.then(
      (one) => one.close(),
      () => undefined,
    );
  }

  async #open(): Promise<Engine<T>> {
    const round = this.#round;
    this.status.say('Opening a device\u2026');
    const { reference, opened: told } = this.#options;
    const { engine, opened } = await Engine.open<T>(this.#room, {}, reference?.() ?? false);
    if (round === this.#round) {
      this.status.say(describe(opened));
      told?.(opened);
    }
    return engine;
  }
}
