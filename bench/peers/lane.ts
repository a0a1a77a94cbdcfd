import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Operands } from './operands.js';
import { type Answer, loadAll, type Place, type Request, type Results, type StoredArray } from './protocol.js';
import type { Work } from './rows.js';

/** A work made ready in a library: operands resident, kernels compiled. */
export interface Prepared {
  /** Computes once. Names and layouts are wgrad's; what a library does not compute may be left out. */
  results(): Promise<Results>;
  /**
   * Computes `repeats` times and resolves when the device has finished all of it. It reads nothing back, except where a
   * library cannot wait otherwise.
   */
  run(repeats: number): Promise<void>;
  close?(): void | Promise<void>;
}

/** A library on its device. */
export interface Library extends Place {
  prepare(work: Work, operands: Operands): Prepared | Promise<Prepared>;
}

/** Thrown for what a library cannot do at all; the row shows a dash with the reason. */
export class Unable extends Error {}

/** Answers the parent's requests until its stream ends. */
export async function serve(open: () => Promise<Library>): Promise<void> {
  // What libraries print must not come between the answers.
  console.log = console.info = console.debug = console.warn = console.error;
  let library: Library | undefined;
  let prepared: Prepared | undefined;

  const answer = async (request: Request): Promise<Answer> => {
    switch (request.ask) {
      case 'open': {
        library = await open();
        const { prepare: _, ...place } = library;
        return place;
      }
      case 'prepare': {
        prepared = await (library as Library).prepare(request.work, await loadAll(request.operands));
        return { results: await store(await prepared.results(), request.folder) };
      }
      case 'time': {
        const start = performance.now();
        await (prepared as Prepared).run(request.repeats);
        return { ms: performance.now() - start };
      }
      case 'close': {
        await prepared?.close?.();
        prepared = undefined;
        (globalThis as { gc?: () => void }).gc?.();
        return { closed: true };
      }
    }
  };

  for await (const line of createInterface({ input: process.stdin })) {
    const reply = await answer(JSON.parse(line) as Request).catch(
      (error: Error): Answer =>
        error instanceof Unable ? { unable: error.message } : { error: `${error.message ?? error}`.split('\n')[0] },
    );
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
  process.exit(0);
}

async function store(results: Results, folder: string): Promise<StoredArray[]> {
  const entries = Object.entries(results);
  return Promise.all(
    entries.map(async ([name, data], i) => {
      const file = join(folder, `${i}.f32`);
      await writeFile(file, new Uint8Array(Float32Array.from(data).buffer));
      return { name, shape: [data.length], file };
    }),
  );
}
