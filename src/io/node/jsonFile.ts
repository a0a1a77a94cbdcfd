import { readFile } from 'node:fs/promises';
import { DataError } from '../../errors.js';
import { fileError } from './fileError.js';

/**
 * Reads a JSON file.
 * @throws DataError in one line that names the file: not there, not readable, not JSON (cut short, NaN, a comma too many)
 */
export async function readJsonFile(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw fileError('cannot read', path, cause);
  });
  try {
    // Some programs on Windows put a byte order mark in front, which JSON.parse refuses.
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    const what = text.trim() === '' ? 'the file is empty' : (cause as Error).message.replace(/\s+/g, ' ');
    const hint = /\b(NaN|Infinity)\b/.test(text) ? 'JSON has no NaN or Infinity; write null or leave them out' : '';
    throw new DataError(`${path}: not JSON (${what}); ${hint || 'write the file again'}`, { cause });
  }
}
