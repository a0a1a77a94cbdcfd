import { summarise, type Times } from './statistics.js';

/** Something that can be timed: resolves to the milliseconds that `repeats` calls took, or to why it could not. */
export interface Contestant {
  readonly name: string;
  time(repeats: number): Promise<number | { readonly note: string }>;
}

export interface ScheduleOptions {
  /** A sample lasts at least this long, so that waiting for the queue does not count. */
  readonly sampleMs: number;
  readonly rounds: number;
  /** After this time no further round begins, once there are `MIN_ROUNDS`. */
  readonly budgetMs: number;
  readonly now?: () => number;
}

/** With fewer samples quartiles mean nothing. */
export const MIN_ROUNDS = 3;
const MAX_REPEATS = 1024;
/** Trials after the first call. */
const TRIALS = 5;
/** A call as long as this many samples is tried only once. */
const LONG = 10;

/**
 * Times contestants in turn, A B C A B C ..., so that what else the machine does falls on all of them alike. Each warms up
 * first and gets as many repeats as fill a sample; who fails drops out with the reason and the others go on.
 */
export async function interleave(
  contestants: readonly Contestant[],
  { sampleMs, rounds, budgetMs, now = () => performance.now() }: ScheduleOptions,
): Promise<Map<string, Times | { readonly note: string }>> {
  const results = new Map<string, Times | { readonly note: string }>();
  const running = new Map<Contestant, { repeats: number; samples: number[] }>();
  for (const c of contestants) {
    const repeats = await warmUp(c, sampleMs);
    if (typeof repeats === 'number') running.set(c, { repeats, samples: [] });
    else results.set(c.name, repeats);
  }
  const start = now();
  for (let round = 0; round < rounds && (round < MIN_ROUNDS || now() - start < budgetMs); round++) {
    for (const [c, { repeats, samples }] of [...running]) {
      const time = await c.time(repeats);
      if (typeof time === 'number') samples.push(time / repeats);
      else {
        results.set(c.name, time);
        running.delete(c);
      }
    }
  }
  for (const [c, { repeats, samples }] of running) results.set(c.name, summarise(samples, repeats));
  return results;
}

/**
 * How many calls fill a sample, by the fastest of some trials. The first call compiles, and others may have waited for a
 * processor: to take such a call as typical would set one call a sample and go on measuring the wait.
 */
async function warmUp(contestant: Contestant, sampleMs: number): Promise<number | { readonly note: string }> {
  let fastest = Number.POSITIVE_INFINITY;
  for (let trial = 0; trial <= TRIALS; trial++) {
    const repeats = repeatsFor(fastest, sampleMs);
    const time = await contestant.time(repeats);
    if (typeof time !== 'number') return time;
    if (trial > 0) fastest = Math.min(fastest, time / repeats);
    if (trial > 0 && fastest > LONG * sampleMs) break;
  }
  return repeatsFor(fastest, sampleMs);
}

function repeatsFor(ms: number, sampleMs: number): number {
  return Math.min(Math.max(Math.ceil(sampleMs / Math.max(ms, 1e-3)), 1), MAX_REPEATS);
}
