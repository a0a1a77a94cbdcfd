import { existsSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DataError } from '../../errors.js';
import { checkWritable } from './atomicFile.js';
import { fileError } from './fileError.js';

/**
 * Makes a folder and those above it that are missing.
 * @throws DataError in one line (no permission, disk full or read-only, a file in the way, a place such as /proc)
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await make(resolve(path));
  } catch (cause) {
    throw cause instanceof DataError ? cause : fileError('cannot make the folder', path, cause);
  }
}

/**
 * Makes sure before long work that files can be written into a folder, or that it can be made where it is missing.
 * @throws DataError in one line (no permission, disk read-only, a file in the way)
 */
export async function checkFolder(path: string): Promise<void> {
  let at = resolve(path);
  while (!(await isThere(at))) at = dirname(at);
  if (!(await isFolder(at))) {
    const isPath = at === resolve(path) && existsSync(at);
    throw fileError('cannot make the folder', path, { code: isPath ? 'EEXIST' : 'ENOTDIR' });
  }
  await checkWritable(join(at, 'new')).catch(({ cause }: DataError) => {
    throw fileError('cannot write into', at, cause);
  });
}

/**
 * Folder by folder, since the recursive `mkdir` of Node never ends below a folder that takes none, such as /proc, and says
 * ENOENT of a read-only disk.
 */
async function make(path: string): Promise<void> {
  const above = dirname(path);
  if (!(await isThere(above))) await make(above);
  await mkdir(path).catch(async (cause: NodeJS.ErrnoException) => {
    if (await isFolder(path)) return;
    if (cause.code !== 'ENOENT') throw cause;
    throw new DataError(`cannot make the folder ${path}: ${above} takes no folders; choose another place`, { cause });
  });
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (cause) => cause.code !== 'ENOENT',
  );

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
