import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileError } from './fileError.js';

/**
 * Makes a folder and those above it that are missing.
 * @throws DataError in one line (no permission, disk full or read-only, a file in the way)
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    throw fileError('cannot make the folder', path, await reasonOf(path, cause));
  }
}

/** A recursive `mkdir` of Node says ENOENT for a read-only disk; that of the first missing folder says what is wrong. */
async function reasonOf(path: string, cause: unknown): Promise<unknown> {
  if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') return cause;
  let missing = resolve(path);
  while (missing !== dirname(missing) && !(await stat(dirname(missing)).catch(() => undefined))) {
    missing = dirname(missing);
  }
  return await mkdir(missing).then(
    () => cause,
    (reason: unknown) => reason,
  );
}
