import { sortedQuantile } from '../rle/uncertainty.js';
import type { Device } from '../tensor/tensor.js';

/** Times of one call in milliseconds. */
export interface Timing {
  readonly min: number;
  readonly p50: number;
  readonly p99: number;
  /** Samples taken, each of `repeats` calls. */
  readonly samples: number;
  readonly repeats: number;
}

/** What a time was read from: timestamps of the device, or the host's clock around the wait for the queue. */
export type Clock = 'timestamps' | 'host';

/** Ticks of the clock that a sample lasts at least: then a tick more or less is 2 % of it. */
const TICKS = 50;
/** A sample by the host's clock lasts at least this long, so that waiting for the queue (some 0.1 ms) does not count. */
const LEAST_MS = 10;
/** So often is the shortest work repeated; a clock that shows nothing by then shows nothing at all. */
const MOST_RUNS = 1 << 14;
const LEAST_SAMPLES = 9;
/** So often is the host's clock asked for its next tick: a second and more. */
const MOST_ASKED = 1 << 24;

/**
 * Times work on a device, by timestamps where it has them, else by waiting for the queue. Browsers round clocks, timestamps
 * to 100 us for instance, so that one run of a kernel may take one tick or two: work is repeated until it lasts long enough.
 */
export class Stopwatch {
  readonly clock: Clock;
  readonly #device: Device;
  readonly #now: () => number;
  /** Nanoseconds between two ticks of the timestamps: the largest number that divides all differences so far. */
  #tick = 0;

  constructor(device: Device, now: () => number = () => performance.now()) {
    this.#device = device;
    this.#now = now;
    this.clock = device.profile && device.capabilities.timestamps ? 'timestamps' : 'host';
  }

  /** Milliseconds that `run` takes. */
  async measure(run: () => void): Promise<number> {
    return (await this.longEnough(run)).milliseconds;
  }

  /**
   * Times `run` again and again for so many milliseconds, nine times at least. The first run, which compiles, does not
   * count. Nothing is read back; the host's own work counts only where the device waits for it.
   */
  async sample(run: () => void, milliseconds: number): Promise<Timing> {
    await this.#span(run, 1);
    await this.#device.finished();
    const begun = this.#now();
    const times: number[] = [];
    let repeats = 1;
    while (times.length < LEAST_SAMPLES || this.#now() - begun < milliseconds) {
      // What has been long enough once is not tried with fewer runs again.
      const sample = await this.longEnough(run, repeats);
      if (sample.runs > repeats) times.length = 0;
      repeats = sample.runs;
      times.push(sample.milliseconds);
      if (sample.milliseconds === 0) break; // no clock sees it
    }
    const sorted = Float64Array.from(times).sort();
    const [min, p50, p99] = [0, 0.5, 0.99].map((level) => sortedQuantile(sorted, level));
    return { min, p50, p99, samples: times.length, repeats };
  }

  /** Milliseconds that `run` takes, from as many runs in a row, `runs` or more, as the clock can tell; and how many. */
  async longEnough(run: () => void, runs = 1): Promise<{ readonly runs: number; readonly milliseconds: number }> {
    const span = await this.#span(run, runs);
    const isLong = span > 0 && span >= this.#least();
    if (isLong || runs >= MOST_RUNS) return { runs, milliseconds: span / runs };
    return this.longEnough(run, 2 * runs);
  }

  /** Milliseconds that a span lasts at least. */
  #least(): number {
    if (this.clock === 'timestamps') return (TICKS * this.#tick) / 1e6;
    return Math.max(LEAST_MS, TICKS * this.#hostTick());
  }

  /** Milliseconds that so many runs in a row take. */
  async #span(run: () => void, runs: number): Promise<number> {
    const repeat = () => {
      for (let i = 0; i < runs; i++) run();
    };
    if (this.clock === 'timestamps') return this.#byTimestamps(repeat);
    await this.#device.finished();
    const start = this.#now();
    repeat();
    await this.#device.finished();
    return this.#now() - start;
  }

  /** Milliseconds from the first dispatch's start to the last one's end. */
  async #byTimestamps(work: () => void): Promise<number> {
    const { dispatches } = await this.#device.profile!(work);
    // In the order of their starts; a list may be too long for the arguments of a call.
    let span = 0;
    for (const { start, end } of dispatches) {
      for (const us of [start, end]) {
        const time = Math.round(1000 * (us - dispatches[0].start));
        this.#tick = commonDivisor(this.#tick, time);
        span = Math.max(span, time);
      }
    }
    return span / 1e6;
  }

  /** Milliseconds by which the host's clock moves on at once; 0 for one that stands still while a program computes. */
  #hostTick(): number {
    const before = this.#now();
    let after = before;
    for (let asked = 0; after === before && asked < MOST_ASKED; asked++) after = this.#now();
    return after - before;
  }
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
