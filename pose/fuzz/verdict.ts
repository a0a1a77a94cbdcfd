import { DataError, Rng } from 'wgrad';
import { mutateBytes } from './mutateBytes.js';
import { mutateJson } from './mutateJson.js';

/** A reader of files from outside. */
export interface Parser {
  readonly name: string;
  /** Files that it reads, the smaller the better; texts are JSON or another text. */
  readonly seeds: () => Promise<readonly (string | Uint8Array)[]> | readonly (string | Uint8Array)[];
  /** Reads a file and all that is in it. It may return anything, and may throw a DataError. */
  readonly parse: (bytes: Uint8Array) => unknown;
}

/**
 * A reader may take so much more memory than it had, however small the file, and so many times the file's size; and so many
 * seconds, which is hundreds of times what it takes on a quiet machine.
 */
export const LIMITS = { megabytes: 256, growth: 300, seconds: 20 } as const;

/** Case `index` of a parser: the same bytes for the same seed, on every machine. */
export function caseOf(seeds: readonly (string | Uint8Array)[], seed: number, index: number): Uint8Array {
  const rng = new Rng(seed).split(index);
  const chosen = seeds[index % seeds.length];
  const asBytes = seeds.map(bytesOf);
  // What is written as JSON is changed as JSON twice in three times.
  if (typeof chosen === 'string' && isJson(chosen) && rng.int(3) > 0) return bytesOf(mutateJson(chosen, rng));
  return mutateBytes(bytesOf(chosen), asBytes, rng);
}

const bytesOf = (seed: string | Uint8Array): Uint8Array =>
  typeof seed === 'string' ? new TextEncoder().encode(seed) : seed;

function isJson(text: string): boolean {
  try {
    return JSON.parse(text) !== undefined;
  } catch {
    return false;
  }
}

/** What a parser did with a file: `read`, `refused` as it should be, or in words what is wrong. */
export async function verdictOf(parser: Parser, bytes: Uint8Array): Promise<string> {
  const before = process.resourceUsage().maxRSS;
  const start = performance.now();
  let verdict = 'read';
  try {
    await parser.parse(bytes);
  } catch (error) {
    const isOwn = error instanceof DataError && !/[\p{Cc}\p{Bidi_Control}]/u.test(error.message);
    verdict = isOwn ? 'refused' : `threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
  const seconds = (performance.now() - start) / 1000;
  const megabytes = (process.resourceUsage().maxRSS - before) / 1024;
  if (seconds > LIMITS.seconds) return `took ${seconds.toFixed(0)} s`;
  if (megabytes > LIMITS.megabytes + (LIMITS.growth * bytes.length) / 2 ** 20) return `took ${megabytes.toFixed(0)} MB`;
  return verdict;
}
