import { DataError } from '../errors.js';

/**
 * The value of a JSON text.
 * @param where what to call the text in an error, usually the path of its file
 * @throws DataError in one line where it is not JSON (cut short, NaN, a comma too many)
 */
export function parseJsonText(text: string, where: string): unknown {
  try {
    // Some programs on Windows put a byte order mark in front, which JSON.parse refuses.
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    const what = text.trim() === '' ? 'the file is empty' : (cause as Error).message.replace(/\s+/g, ' ');
    const hint = /\b(NaN|Infinity)\b/.test(text) ? 'JSON has no NaN or Infinity; write null or leave them out' : '';
    throw new DataError(`${where}: not JSON (${what}); ${hint || 'write the file again'}`, { cause });
  }
}
