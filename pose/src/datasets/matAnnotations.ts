import { DataError } from 'wgrad';
import { readMat5 } from '../formats/mat5.js';
import type { Annotations } from './annotations.js';
import { lspMatAnnotations } from './lspAnnotations.js';
import { mpiiMatAnnotations } from './mpiiAnnotations.js';

/**
 * The annotations in MATLAB's form: MPII's `RELEASE` or LSP's `joints`.
 * @throws DataError where the file holds neither, or as their readers
 */
export async function matAnnotations(bytes: Uint8Array, file: string): Promise<Annotations> {
  const arrays = await readMat5(bytes, file);
  if (arrays.has('RELEASE')) return mpiiMatAnnotations(arrays, file);
  if (arrays.has('joints')) return lspMatAnnotations(arrays, file);
  throw new DataError(
    `${file}: expected MPII's RELEASE or LSP's joints in it, got ${[...arrays.keys()].join(', ') || 'no arrays'}`,
  );
}
