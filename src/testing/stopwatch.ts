import type { Device } from '../tensor/tensor.js';

/** Ticks of the clock that a sample lasts at least: then a tick more or less is 2 % of it. */
const TICKS = 50;
/** A sample by the host's clock lasts at least this long, so that waiting for the queue does not count. */
const LEAST_MS = 5;
/** So often is the shortest work repeated; a clock that shows nothing by then shows nothing at all. */
const MOST_RUNS = 1 << 14;

/**
 * Times work on a device, by timestamps where it has them, else by waiting for the queue. Browsers round clocks, timestamps
 * to 100 us for instance, so that one run of a kernel may take one tick or two: work is repeated until it lasts long enough.
 */
export class Stopwatch {
  readonly #device: Device;
  readonly #now: () => number;
  /** Nanoseconds between two ticks of the timestamps: the largest number that divides all differences so far. */
  #tick = 0;

  constructor(device: Device, now: () => number = () => performance.now()) {
    this.#device = device;
    this.#now = now;
  }

  /** Milliseconds that `run` takes. */
  measure(run: () => void): Promise<number> {
    const { profile, capabilities } = this.#device;
    return profile && capabilities.timestamps ? this.#byTimestamps(run) : this.#byHost(run);
  }

  async #byTimestamps(run: () => void): Promise<number> {
    for (let runs = 1; ; runs *= 2) {
      const nanoseconds = await this.#span(run, runs);
      const isLong = nanoseconds > 0 && nanoseconds >= TICKS * this.#tick;
      if (isLong || runs === MOST_RUNS) return nanoseconds / runs / 1e6;
    }
  }

  /** Nanoseconds from the first dispatch's start to the last one's end. */
  async #span(run: () => void, runs: number): Promise<number> {
    const { dispatches } = await this.#device.profile!(() => {
      for (let i = 0; i < runs; i++) run();
    });
    if (dispatches.length === 0) return 0;
    const first = Math.min(...dispatches.map(({ start }) => start));
    const times = dispatches.flatMap(({ start, end }) => [start, end]).map((us) => Math.round(1000 * (us - first)));
    for (const time of times) this.#tick = commonDivisor(this.#tick, time);
    return Math.max(...times);
  }

  async #byHost(run: () => void): Promise<number> {
    const least = Math.max(LEAST_MS, TICKS * this.#hostTick());
    await this.#device.finished();
    const start = this.#now();
    let runs = 0;
    do {
      run();
      runs++;
      await this.#device.finished();
    } while (this.#now() - start < least);
    return (this.#now() - start) / runs;
  }

  /** Milliseconds by which the host's clock moves on at once. */
  #hostTick(): number {
    const before = this.#now();
    let after = before;
    while (after === before) after = this.#now();
    return after - before;
  }
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
