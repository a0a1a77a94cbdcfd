import { StatusLine } from '../shell/room.js';
import { Engine, type Methods } from './engine.js';
import type { Opened, RoomName } from './protocol.js';

const OPENING = 'Opening a device\u2026';

export interface SessionOptions {
  /** What the worker's half is opened with. */
  readonly settings?: () => unknown;
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
  #line = '';

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

  /** Says again what the room runs on. */
  rest(): void {
    this.status.say(this.#line);
  }

  async #open(): Promise<Engine<T>> {
    const round = this.#round;
    this.status.say(OPENING);
    const { settings, reference, opened: told } = this.#options;
    const { engine, opened } = await Engine.open<T>(this.#room, settings?.(), reference?.() ?? false);
    if (round === this.#round) {
      this.#line = describe(opened);
      // What has been said meanwhile, of a file that was dropped, stays.
      if (this.status.element.textContent === OPENING) this.rest();
      told?.(opened);
    }
    return engine;
  }
}

/** What a room runs on, in a line. */
function describe({ kind, tier, description }: Opened): string {
  if (kind === 'cpu') return `Runs on the ${description}: exact, and slow.`;
  return tier === 'gpu' ? `Runs on ${description}.` : `Runs on ${description}, a driver that computes on the CPU.`;
}
