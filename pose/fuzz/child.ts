import { pathToFileURL } from 'node:url';
import { parserCalled } from './parsers.js';
import { caseOf, type Parser, verdictOf } from './verdict.js';

/** What the child is asked for: cases `from` to `to` of a parser, of a module that exports PARSERS if it is not the usual one. */
export interface Task {
  readonly module?: string;
  readonly parser: string;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** Seconds without a word of the child after which it hangs; a child that starts has longer. */
  readonly patience?: number;
}

/** What it says before and after each case. */
export type Report = { readonly begins: number } | { readonly ends: number; readonly verdict: string };

/** Runs the cases one after another; whatever goes wrong beyond an error, the parent sees how far it came. */
async function work({ module, parser: name, seed, from, to }: Task): Promise<void> {
  const parsers = module && ((await import(pathToFileURL(module).href)) as { PARSERS: readonly Parser[] }).PARSERS;
  const parser = parsers ? parserCalled(name, parsers) : parserCalled(name);
  const seeds = await parser.seeds();
  for (let index = from; index < to; index++) {
    const bytes = caseOf(seeds, seed, index);
    await say({ begins: index });
    await say({ ends: index, verdict: await verdictOf(parser, bytes) });
  }
  process.disconnect();
}

/** Waits until the parent has been told, so that a hang is found in the right case. */
function say(report: Report): Promise<void> {
  return new Promise((done, fail) => {
    process.send?.(report, (error: Error | null) => (error ? fail(error) : done()));
  });
}

process.once('message', (task) => void work(task as Task));
