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
    throw new DataError(`${where}: not JSON (${what}); ${remedy(text)}`, { cause });
  }
}

/** What to do about a text that is something else. */
function remedy(text: string): string {
  if (text.startsWith('\u001f\ufffd')) return 'it is compressed with gzip; unpack it first';
  if (text.includes('\0')) return 'it is UTF-16 or no text at all; write it as UTF-8';
  if (/\b(NaN|Infinity)\b/.test(text)) return 'JSON has no NaN or Infinity; write null or leave them out';
  const [first, second] = text.split('\n', 2);
  if (second?.trim() && isJson(first)) return 'it has a value in each line; write one list of them';
  return 'write the file again';
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
