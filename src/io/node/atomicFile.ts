import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError } from './fileError.js';

/**
 * Replaces a file as a whole: writes a new file beside it, flushes that to the disk, then renames it. Whoever reads
 * `path` sees the old content or the new, never a part, even after a crash or a power cut.
 * @throws DataError in one line (no folder, no permission, disk full); the old file is untouched, and the new one is
 *   removed
 */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  const part = `${path}.${randomUUID().slice(0, 8)}.part`;
  try {
    // 'wx' refuses a file that exists, so two writers never share one.
    await withFile(part, 'wx', async (file) => {
      await file.writeFile(content);
      await file.sync();
    });
    await rename(part, path);
  } catch (cause) {
    await rm(part, { force: true }).catch(() => undefined);
    throw fileError('cannot write', path, cause);
  }
  await flushFolder(dirname(path));
}

/**
 * Appends one line to a text file, which is made if missing.
 * @throws DataError in one line (no folder, no permission, disk full)
 */
export async function appendLine(path: string, line: string): Promise<void> {
  try {
    await withFile(path, 'a', (file) => file.writeFile(`${line}\n`));
  } catch (cause) {
    throw fileError('cannot append to', path, cause);
  }
}

async function withFile(path: string, flags: string, use: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, flags);
  try {
    await use(file);
  } finally {
    await file.close();
  }
}

/** Makes a rename durable; best effort, since Windows and some network drives cannot flush a folder. */
async function flushFolder(folder: string): Promise<void> {
  await withFile(folder, 'r', (handle) => handle.sync()).catch(() => undefined);
}
