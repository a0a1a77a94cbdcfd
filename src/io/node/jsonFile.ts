import { readFile } from 'node:fs/promises';
import { parseJsonText } from '../jsonText.js';
import { fileError } from './fileError.js';

/**
 * Reads a JSON file.
 * @throws DataError in one line that names the file: not there, not readable, not JSON (see `parseJsonText`)
 */
export async function readJsonFile(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw fileError('cannot read', path, cause);
  });
  return parseJsonText(text, path);
}
