import { Engine } from '../engine/engine.js';
import type { Opened, RoomName } from '../engine/protocol.js';
import { button } from './controls.js';
import { element } from './element.js';
import { StatusLine } from './room.js';
import { wantsStillness } from './theme.js';

/** What a worker returns after some steps. */
export interface Advanced {
  readonly steps: number;
  /** How long the steps took, without what was computed for the picture. */
  readonly seconds: number;
}

interface Learner<Frame> {
  advance(order: { readonly steps: number; readonly lr: number }): Promise<Frame>;
}

export interface TrainingOptions<Frame> {
  readonly room: RoomName;
  /** What the worker's half is opened with. */
  readonly settings: () => unknown;
  /** Whether to compute on the reference. */
  readonly reference: () => boolean;
  readonly lr: () => number;
  /** Steps from one picture to the next. */
  readonly speed: () => number;
  /** Pauses at this step. */
  readonly until: () => number;
  readonly show: (frame: Frame, rate: number) => void;
}

/**
 * A model that learns in a worker while one watches. A picture is asked for when the last one has been drawn, so a hidden
 * page, which draws nothing, trains nothing.
 */
export class Training<Frame extends Advanced> {
  readonly status = new StatusLine();
  readonly buttons: HTMLElement;
  readonly #options: TrainingOptions<Frame>;
  readonly #run = button('Pause', () => this.#toggle(), 'primary');
  #engine: Engine<Learner<Frame>> | undefined;
  #running = !wantsStillness();
  #round = 0;
  #busy: Promise<void> = Promise.resolve();
  #steps = 0;
  #goal = 0;
  /** It pauses because it has come where it should, and not because the visitor wanted it to. */
  #atGoal = false;

  constructor(options: TrainingOptions<Frame>) {
    this.#options = options;
    const step = button('Step', () => {
      this.#running = false;
      this.#label();
      void this.#advance(this.#round, 1);
    });
    this.buttons = element(
      'div',
      { class: 'buttons' },
      this.#run,
      step,
      button('Restart', () => this.restart()),
    );
    this.#label();
  }

  /** Begins anew with the settings as they are now. */
  restart(): void {
    this.#engine?.close();
    this.#engine = undefined;
    this.#busy = Promise.resolve(); // what the old worker still owes never comes
    this.#steps = 0;
    this.#goal = this.#options.until();
    if (this.#atGoal) this.#running = true;
    this.#atGoal = false;
    this.#label();
    const round = ++this.#round;
    this.status.say('Opening a device\u2026');
    void this.#attempt(round, async () => {
      const { room, settings, reference } = this.#options;
      const { engine, opened } = await Engine.open<Learner<Frame>>(room, settings(), reference());
      if (round !== this.#round) return engine.close();
      this.#engine = engine;
      this.status.say(describe(opened));
      await this.#advance(round, 0);
      await this.#loop(round);
    });
  }

  close(): void {
    this.#round++;
    this.#engine?.close();
  }

  async #loop(round: number): Promise<void> {
    while (this.#running && round === this.#round) {
      const left = this.#goal - this.#steps;
      if (left <= 0) {
        this.#running = false;
        this.#atGoal = true;
        this.#label();
        return;
      }
      await this.#advance(round, Math.min(this.#options.speed(), left));
    }
  }

  /** Takes steps and shows the picture, after those that were asked for before. */
  #advance(round: number, steps: number): Promise<void> {
    this.#busy = this.#busy.then(() => this.#attempt(round, () => this.#advanceNow(round, steps)));
    return this.#busy;
  }

  async #advanceNow(round: number, steps: number): Promise<void> {
    if (round !== this.#round || !this.#engine) return;
    const frame = await this.#engine.ask('advance', { steps, lr: this.#options.lr() });
    await new Promise(requestAnimationFrame);
    if (round !== this.#round) return;
    this.#steps = frame.steps;
    this.#options.show(frame, steps / Math.max(frame.seconds, 1e-6));
  }

  async #attempt(round: number, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (round !== this.#round) return;
      this.#round++;
      this.status.fail((error as Error).message, () => this.restart());
    }
  }

  #toggle(): void {
    this.#running = !this.#running;
    this.#atGoal = false;
    if (this.#steps >= this.#goal) this.#goal = Number.POSITIVE_INFINITY;
    this.#label();
    void this.#loop(this.#round);
  }

  #label(): void {
    this.#run.textContent = this.#running ? 'Pause' : 'Run';
  }
}

/** What a room runs on, in a line. */
export function describe({ kind, tier, description }: Opened): string {
  if (kind === 'cpu') return `Runs on the ${description}: exact, and slow.`;
  return tier === 'gpu' ? `Runs on ${description}.` : `Runs on ${description}, a driver that computes on the CPU.`;
}
