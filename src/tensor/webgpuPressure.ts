import { collectGarbage } from './garbage.js';

/** A count that only garbage collection makes smaller, and how far it may grow between two collections. */
interface Watched {
  readonly count: () => number;
  readonly slack: number;
  /** What was left after the last collection: that is in use. */
  left: number;
}

/** Asks for a garbage collection when something has grown a lot that only a collection can give back. */
export class Pressure {
  readonly #watched: Watched[] = [];
  #relief: Promise<void> | undefined;

  /** @param slack how far the count may grow beyond 1.5 times what the last collection left, until the next is asked for */
  watch(slack: number, count: () => number): void {
    this.#watched.push({ count, slack, left: 0 });
  }

  /** To be called where a count may have grown; the collection comes when the program next waits for something. */
  check(): void {
    if (this.#relief || !this.#watched.some(({ count, slack, left }) => count() > 1.5 * left + slack)) return;
    this.#relief = collectGarbage().then(() => {
      for (const watched of this.#watched) watched.left = watched.count();
      this.#relief = undefined;
    });
  }

  /** Waits for a collection that has been asked for. */
  async relieved(): Promise<void> {
    await this.#relief;
  }
}
