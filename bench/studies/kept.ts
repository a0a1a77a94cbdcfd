import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../src/io/node/atomicFile.js';

/** A run that is there already, from `<folder>/<parts of its name>.json`, or undefined. */
export async function keptRun<Run>(folder: string, parts: readonly (string | number)[]): Promise<Run | undefined> {
  const path = pathOf(folder, parts);
  return existsSync(path) ? (JSON.parse(await readFile(path, 'utf8')) as Run) : undefined;
}

/** Runs a run, keeps it and says how long it took. */
export async function runAndKeep<Run extends { readonly seconds: number }>(
  folder: string,
  parts: readonly (string | number)[],
  make: () => Promise<Run>,
): Promise<Run> {
  const run = await make();
  await writeFileAtomic(pathOf(folder, parts), `${JSON.stringify(run)}\n`);
  process.stderr.write(`${nameOf(parts)}: ${run.seconds.toFixed(0)} s\n`);
  return run;
}

const nameOf = (parts: readonly (string | number)[]) => parts.join('-').replaceAll(/[ ,]+/g, '-');
const pathOf = (folder: string, parts: readonly (string | number)[]) => join(folder, `${nameOf(parts)}.json`);
