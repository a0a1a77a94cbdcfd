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
  /** After so long no further round begins, once there are `MIN_ROUNDS`. */
  readonly budgetMs: number;
  readonly now?: () => number;
}

/** Fewer samples have no quartiles to speak of. */
export const MIN_ROUNDS = 3;
const MAX_REPEATS = 1024;

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
    // The first calls compile; the third says how many make a sample.
    const first = await c.time(1);
    const second = typeof first === 'number' ? await c.time(1) : first;
    const third = typeof second === 'number' && second < sampleMs ? await c.time(repeatsFor(second, sampleMs)) : second;
    const failed = [first, second, third].find((t) => typeof t !== 'number');
    if (typeof failed === 'object') results.set(c.name, failed);
    else {
      const guess = repeatsFor(second as number, sampleMs);
      const repeats = (second as number) < sampleMs ? repeatsFor((third as number) / guess, sampleMs) : 1;
      running.set(c, { repeats, samples: [] });
    }
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

function repeatsFor(ms: number, sampleMs: number): number {
  return Math.min(Math.max(Math.ceil(sampleMs / Math.max(ms, 1e-3)), 1), MAX_REPEATS);
}
