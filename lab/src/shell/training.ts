import type { Engine } from '../engine/engine.js';
import type { RoomName } from '../engine/protocol.js';
import { Session } from '../engine/session.js';
import { button } from './controls.js';
import { element } from './element.js';
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
  readonly status: HTMLElement;
  readonly buttons: HTMLElement;
  readonly #options: TrainingOptions<Frame>;
  readonly #session: Session<Learner<Frame>>;
  readonly #run = button('Pause', () => this.#toggle(), 'primary');
  #running = !wantsStillness();
  /** Nobody sees it, so it waits. */
  #resting = false;
  #steps = 0;
  #goal = 0;
  /** It pauses because it has come where it should, and not because the visitor wanted it to. */
  #atGoal = false;
  /** The learner whose steps are shown, */
  #current: Engine<Learner<Frame>> | undefined;
  /** the one that goes on by itself, */
  #looping: Engine<Learner<Frame>> | undefined;
  /** and what it does now: it takes the steps to one picture after those to another. */
  #busy: Promise<void> = Promise.resolve();

  constructor(options: TrainingOptions<Frame>) {
    this.#options = options;
    this.#session = new Session(options.room, options);
    this.status = this.#session.status.element;
    const step = button('Step', () => {
      this.#running = false;
      this.#label();
      this.#work((engine) => this.#advance(engine, 1));
    });
    this.buttons = element(
      'div',
      { class: 'buttons transport' },
      this.#run,
      step,
      button('Restart', () => this.restart()),
    );
    this.#label();
  }

  /** Begins anew with the settings as they are now. */
  restart(): void {
    this.close();
    if (this.#atGoal) this.#running = true;
    this.#atGoal = false;
    this.#label();
    this.#work((engine) => this.#loop(engine));
  }

  /** Stands still while nobody sees it, and goes on by itself when somebody does. */
  rest(isResting: boolean): void {
    this.#resting = isResting;
    if (!isResting && this.#running && this.#current) this.#work((engine) => this.#loop(engine));
  }

  close(): void {
    this.#session.stop();
    this.#current = undefined;
  }

  /** Does something with the learner. One that is new is shown first as it begins. */
  #work(work: (engine: Engine<Learner<Frame>>) => Promise<void>): void {
    void this.#session.run(async (engine) => {
      if (engine !== this.#current) {
        this.#current = engine;
        this.#busy = Promise.resolve(); // what an old worker still owes never comes
        this.#goal = this.#options.until();
        await this.#advance(engine, 0);
      }
      await work(engine);
    });
  }

  async #loop(engine: Engine<Learner<Frame>>): Promise<void> {
    if (this.#looping === engine) return;
    this.#looping = engine;
    while (this.#running && !this.#resting && engine === this.#current) {
      const left = this.#goal - this.#steps;
      if (left <= 0) {
        this.#running = false;
        this.#atGoal = true;
        this.#label();
        break;
      }
      await this.#advance(engine, Math.min(this.#options.speed(), left));
    }
    if (this.#looping === engine) this.#looping = undefined;
  }

  /** Takes steps and shows the picture, after those that were asked for before. */
  #advance(engine: Engine<Learner<Frame>>, steps: number): Promise<void> {
    this.#busy = this.#busy.then(async () => {
      const frame = await engine.ask('advance', { steps, lr: this.#options.lr() });
      await new Promise(requestAnimationFrame);
      if (engine !== this.#current) return;
      this.#steps = frame.steps;
      this.#options.show(frame, steps / Math.max(frame.seconds, 1e-6));
      // The browser paints now, and the next steps must not take the processor from it.
      await new Promise((resolve) => setTimeout(resolve));
    });
    return this.#busy;
  }

  #toggle(): void {
    this.#running = !this.#running;
    this.#atGoal = false;
    if (this.#running && this.#steps >= this.#goal) this.#goal = Number.POSITIVE_INFINITY;
    this.#label();
    if (this.#running) this.#work((engine) => this.#loop(engine));
  }

  #label(): void {
    this.#run.textContent = this.#running ? 'Pause' : 'Run';
  }
}
