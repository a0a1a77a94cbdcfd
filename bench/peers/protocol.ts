import { readFile } from 'node:fs/promises';
import type { HostArray } from '../../src/testing/hostArray.js';
import type { Operands } from './operands.js';
import type { Work } from './rows.js';

/** Adam's, in the rows that have an optimiser; the rest of its rule is PyTorch's defaults. */
export const LEARNING_RATE = 1e-3;

/** Arrays on the host by name, in wgrad's layouts. */
export type Results = Readonly<Record<string, Float32Array | Float64Array>>;

/** Where the elements of an array lie: a file of little-endian float32, so that any language reads it without a parser. */
export interface StoredArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly file: string;
}

/** What the parent asks of a lane, a line of JSON each; the lane answers with one line before the next is asked. */
export type Request =
  | { readonly ask: 'open' }
  /** Makes the operands resident, compiles, computes once and stores the results as `folder/index.f32`. */
  | { readonly ask: 'prepare'; readonly work: Work; readonly operands: readonly StoredArray[]; readonly folder: string }
  /** Computes so many times and waits until the device is done. */
  | { readonly ask: 'time'; readonly repeats: number }
  | { readonly ask: 'close' };

/** Where a lane computes. */
export interface Place {
  /** The WebGPU adapter, or what the library says of its device. */
  readonly description: string;
  /** Whether the description is that of a WebGPU adapter, which has to be wgrad's. */
  readonly isAdapter: boolean;
  /** Of wgrad: whether the adapter is a software one, and what it can do at most. */
  readonly software?: boolean;
  readonly ceilings?: { readonly gflops: number; readonly gbs: number };
}

/** What a lane says of itself, of its results, of its time; `unable` is a library's limit, `error` a failure. */
export type Answer =
  | Place
  | { readonly results: readonly StoredArray[] }
  | { readonly ms: number }
  | { readonly closed: true }
  | { readonly unable: string }
  | { readonly error: string };

/** The elements of a stored array. */
export async function loadArray({ shape, file }: StoredArray): Promise<HostArray> {
  const bytes = await readFile(file);
  return { shape, data: new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)) };
}

export async function loadAll(stored: readonly StoredArray[]): Promise<Operands> {
  return new Map(await Promise.all(stored.map(async (array) => [array.name, await loadArray(array)] as const)));
}

/** Lines of a stream that comes in pieces; the last, unended, waits for its rest. */
export function lineSplitter(onLine: (line: string) => void): (piece: string) => void {
  let rest = '';
  return (piece) => {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) onLine(line);
  };
}
