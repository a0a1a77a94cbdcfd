import { DataError, DeviceError, ShapeError } from 'wgrad';
import { ALONE, type Ranks } from './ranks.js';

/** What a rank tells the others of itself where all of them meet; the largest number decides for all. */
const STATUS = { fine: 0, stop: 1, failed: 2 } as const;

/**
 * The ranks of a run, which begin, stop and fail together: where one of them cannot go on, all learn of it at the same
 * place of the program, and none waits for one that is gone. Every rank must call the same methods in the same order. A
 * run of one rank agrees with itself: everything here then does no more than call its argument.
 */
export class Team {
  readonly rank: number;
  readonly size: number;
  /** Aborts on all ranks at the same place of the program, when one of them is asked to stop. */
  readonly signal: AbortSignal;
  /** That asks this rank to stop. */
  readonly asked: AbortSignal;
  /** What the ranks exchange goes through. */
  readonly ranks: Ranks;
  readonly #agreed = new AbortController();
  #isOver = false;

  constructor(ranks: Ranks = ALONE, asked: AbortSignal = new AbortController().signal) {
    this.rank = ranks.rank;
    this.size = ranks.size;
    this.ranks = ranks;
    this.asked = asked;
    this.signal = ranks.size === 1 ? asked : this.#agreed.signal;
  }

  /** Whether this is the rank that writes files and speaks to the user. */
  get isFirst(): boolean {
    return this.rank === 0;
  }

  /** Whether all ranks know that the run ends; what is thrown before is known to this one alone. */
  get isOver(): boolean {
    return this.size === 1 || this.#isOver;
  }

  /**
   * Does something on all ranks, and goes on once all have done it.
   * @throws what it throws, on every rank: where others failed, a DataError that says which and why; the reason of
   *   `signal` if one of them is asked to stop
   */
  async all<T>(act: () => T | Promise<T>): Promise<T> {
    if (this.size === 1) return act();
    let error: unknown;
    let result: T | undefined;
    let status: number = STATUS.fine;
    try {
      result = await act();
    } catch (caught) {
      error = caught;
      status = STATUS.failed;
    }
    if (this.asked.aborted && !this.signal.aborted && (status === STATUS.fine || error === this.asked.reason))
      status = STATUS.stop;
    const worst = Int32Array.of(status);
    await this.ranks.allReduce(worst, 'max');
    if (worst[0] === STATUS.fine) return result as T;
    this.#isOver = true;
    if (worst[0] === STATUS.failed) throw await this.#failure(status === STATUS.failed, error);
    this.#agreed.abort();
    throw this.signal.reason;
  }

  /** Does something on rank 0, for which the others wait. @throws as `all` */
  async first(act: () => Promise<void>): Promise<void> {
    await this.all(async () => {
      if (this.isFirst) await act();
    });
  }

  /** What rank 0 finds out, told to all; JSON must hold it. @throws as `all` */
  async told<T>(act: () => Promise<T>): Promise<T> {
    let found: T | undefined;
    await this.first(async () => {
      found = await act();
    });
    if (this.size === 1) return found as T;
    const [text] = await this.ranks.gather(this.isFirst ? JSON.stringify({ found }) : '');
    return (JSON.parse(text) as { found: T }).found;
  }

  /** The bytes that rank 0 reads. @throws as `all` */
  async bytes(read: () => Promise<Uint8Array>): Promise<Uint8Array> {
    let own = new Uint8Array();
    const length = await this.told(async () => {
      own = new Uint8Array(await read());
      return own.length;
    });
    const all = this.isFirst ? own : new Uint8Array(length);
    await this.ranks.broadcast(all);
    return all;
  }

  /** The sum over the ranks in place of each element. */
  async sum(...arrays: readonly (Float64Array | undefined)[]): Promise<void> {
    for (const array of arrays) if (array) await this.ranks.allReduce(array, 'sum');
  }

  /** Gives the tensors of a tree the elements that they have on rank 0. */
  spread(tree: unknown): Promise<void> {
    return this.ranks.broadcast(tree);
  }

  /** What each rank has to say. */
  gather(text: string): Promise<string[]> {
    return this.ranks.gather(text);
  }

  /** What this rank throws where at least one has failed. */
  async #failure(hasFailed: boolean, error: unknown): Promise<unknown> {
    const said = await this.ranks.gather(hasFailed ? JSON.stringify(lineOf(error)) : '');
    const failed = said.flatMap((text, rank) => (text ? [{ rank, text: JSON.parse(text) as string }] : []));
    // Where all of them failed, it is no matter of ranks. A bug is thrown as it is, for whoever looks for it.
    if (failed.length === this.size || (hasFailed && !isExpected(error))) return error;
    const [{ rank, text }, ...others] = failed;
    const more = others.length > 0 ? ` (as do ranks ${others.map((other) => other.rank).join(', ')})` : '';
    return new DataError(`rank ${rank}${more}: ${text}`, { cause: error });
  }
}

const isExpected = (error: unknown): boolean =>
  [DataError, DeviceError, ShapeError].some((kind) => error instanceof kind);

const lineOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0];
