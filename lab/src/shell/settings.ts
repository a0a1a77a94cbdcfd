/** The room and the settings that the address holds: `#/flow?data=rings&seed=3`. */
export function readAddress(hash: string): { room: string; settings: URLSearchParams } {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split('?');
  return { room: path, settings: new URLSearchParams(query) };
}

/** Safari allows a hundred changes of the address in thirty seconds, and a slider moves more often. */
const LEAST_MS = 350;

/** Settings of a room. They live in the address, so that a reload keeps them and a link shares them. */
export class Settings {
  readonly #room: string;
  readonly #values: URLSearchParams;
  #isWritten = true;
  #isClosed = false;
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor(room: string, values: URLSearchParams) {
    this.#room = room;
    this.#values = values;
  }

  text(name: string, standard: string): string {
    return this.#values.get(name) ?? standard;
  }

  /** One of the options; the standard one where the address holds something else. */
  choice<T extends string>(name: string, options: readonly T[], standard: T): T {
    const given = this.#values.get(name);
    return options.find((option) => option === given) ?? standard;
  }

  /** A number between bounds; the standard one where the address holds something else. */
  number(name: string, standard: number, least: number, most: number): number {
    const given = this.#values.get(name);
    const value = given === null || given.trim() === '' ? Number.NaN : Number(given);
    return Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : standard;
  }

  /** Sets one; an empty text takes it out of the address, which follows at once, or a moment later where much is set. */
  set(name: string, value: string | number): void {
    if (value === '') this.#values.delete(name);
    else this.#values.set(name, String(value));
    // What is set together is written together.
    if (this.#isWritten && this.#pause === undefined) queueMicrotask(() => this.write());
    this.#isWritten = false;
  }

  /** Brings the address up to date. */
  write(): void {
    if (this.#isWritten || this.#isClosed) return;
    this.#isWritten = true;
    clearTimeout(this.#pause);
    const query = String(this.#values);
    history.replaceState(null, '', `#/${this.#room}${query && `?${query}`}`);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.write();
    }, LEAST_MS);
  }

  /** Leaves the address, which belongs to another room now. */
  close(): void {
    this.#isClosed = true;
  }
}
