import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { counted } from 'wgrad/io';
import type { PoseDataset } from '../../dataset.js';
import { fileKindOf, KIND_BYTES } from '../../formats/fileKind.js';
import { PICTURE_FORMATS } from '../images.js';
import { readPiece } from '../readPiece.js';

/** Files that are looked at at a time. */
const AT_ONCE = 64;
/** Bytes in the middle of a file that tell most files of one size apart, as those of uncompressed video frames. */
const PIECE = 4096;
/** So many are named. */
const NAMED = 5;

/**
 * The samples of the training half whose pictures also test, under whatever names: what would train is left out, so that the test
 * half is what others test on. Most files are told apart by their sizes, so that few of them are read.
 * @returns their numbers, and a line for the user; nothing of data sets that are no files
 */
export async function testedSamples({ train, test }: PoseDataset): Promise<{ indices: number[]; note?: string }> {
  if (!train.paths || !test.paths) return { indices: [] };
  const tested = await copiesAmong(train.paths, test.paths);
  const indices = [...train.paths.entries()].flatMap(([i, path]) => (tested.has(path) ? [i] : []));
  if (indices.length === 0) return { indices };
  const named = [...tested].slice(0, NAMED).map(([path, copy]) => `${basename(path)} (tests as ${basename(copy)})`);
  if (tested.size > NAMED) named.push('...');
  const people = counted(indices.length, 'person', 'people');
  const pictures = counted(tested.size, 'picture that also tests', 'pictures that also test');
  return { indices, note: `left out of training: ${pictures}, with ${people}: ${named.join(', ')}` };
}

/** Those of some files whose content one of others has, with the path of that one. */
export async function copiesAmong(
  some: readonly string[],
  others: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  let [left, right] = [new Set(some), new Set(others)].map((paths) => [...paths].map((path) => [path, path] as const));
  // Each key takes longer to find than the one before, and only files that agree in that one get it.
  for (const keyOf of [sizeOf, pieceOf, contentOf]) {
    const [ofLeft, ofRight] = [await keyed(left, keyOf), await keyed(right, keyOf)];
    const keys = new Set(ofRight.map(([, key]) => key));
    left = ofLeft.filter(([, key]) => keys.has(key));
    const shared = new Set(left.map(([, key]) => key));
    right = ofRight.filter(([, key]) => shared.has(key));
  }
  const copies = new Map(right.map(([path, key]) => [key, path] as const).reverse());
  return new Map(left.map(([path, key]) => [path, copies.get(key) as string]));
}

type Keyed = readonly (readonly [path: string, key: string])[];

/** The next keys of files; those that have none are for the decoder to report. */
async function keyed(files: Keyed, keyOf: (path: string, size: string) => Promise<string>) {
  const found: [string, string][] = [];
  for (let at = 0; at < files.length; at += AT_ONCE) {
    const keys = files.slice(at, at + AT_ONCE).map(async ([path, key]) => [path, await keyOf(path, key)] as const);
    for (const one of await Promise.allSettled(keys)) if (one.status === 'fulfilled') found.push([...one.value]);
  }
  return found;
}

async function sizeOf(path: string): Promise<string> {
  const found = await stat(path);
  if (!found.isFile()) throw new Error(`${path}: no file`);
  return String(found.size);
}

async function pieceOf(path: string, size: string): Promise<string> {
  return `${size} ${digestOf(await readPiece(path, PIECE, Math.floor(Number(size) / 2)))}`;
}

/** Only pictures count: downloads that failed, as empty files and web pages, are alike without being copies. */
async function contentOf(path: string): Promise<string> {
  const bytes = await readFile(path);
  if (!PICTURE_FORMATS.includes(fileKindOf(bytes.subarray(0, KIND_BYTES)) ?? ''))
    throw new Error(`${path}: no picture`);
  return digestOf(bytes);
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
