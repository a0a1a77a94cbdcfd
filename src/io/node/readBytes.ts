import { readFile } from 'node:fs/promises';
import { fileError } from './fileError.js';

/** The bytes of a file. @throws DataError in one line where it cannot be read */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw fileError('cannot read', path, cause);
  }
}
