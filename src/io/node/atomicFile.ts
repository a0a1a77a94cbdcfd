import { type FileHandle, lstat, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileError } from './fileError.js';

/**
 * Replaces a file as a whole: writes a new file beside it, flushes that to the disk, then renames it. Whoever reads
 * `path` sees the old content or the new, never a part, even after a crash or a power cut. What such a crash left behind
 * is removed at the next write of the same file.
 *
 * A symbolic link stays, and the file that it names is replaced. What is no file, such as a pipe or a device, is written
 * to as it is.
 * @throws DataError in one line (no folder, no permission, disk full); the old file is untouched, and the new one is
 *   removed
 */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  try {
    const target = await targetOf(path);
    if (target === undefined) return await withFile(path, 'w', (file) => file.writeFile(content));
    await removeStaleParts(target);
    await replace(target, content);
    await flushFolder(dirname(target));
  } catch (cause) {
    throw fileError('cannot write', path, cause);
  }
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

/** The file to replace, which a link may name; undefined for what is there and no file. */
async function targetOf(path: string): Promise<string | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (!found || found.isFile() || found.isDirectory()) return path;
  // A link to nothing is replaced: where it leads to, there may be no folder.
  const named = found.isSymbolicLink() ? await stat(path).catch(() => undefined) : found;
  if (!named) return path;
  return named.isFile() || named.isDirectory() ? await realpath(path) : undefined;
}

let written = 0;

async function replace(path: string, content: string | Uint8Array): Promise<void> {
  const part = `${path}.${process.pid}-${written++}.part`;
  try {
    // 'wx' refuses a file that exists, so two writers never share one.
    await withFile(part, 'wx', async (file) => {
      await file.writeFile(content);
      await file.sync();
    });
    await rename(part, path);
  } catch (cause) {
    await rm(part, { force: true }).catch(() => undefined);
    throw cause;
  }
}

/** A part that nobody has written to for so long, by a process that is gone, will never be finished. */
const STALE_MS = 60_000;

async function removeStaleParts(path: string): Promise<void> {
  const folder = dirname(path);
  const begin = `${basename(path)}.`;
  const names = await readdir(folder).catch((): string[] => []);
  for (const name of names.filter((one) => one.startsWith(begin) && one.endsWith('.part'))) {
    const [, pid] = /^(\d+)-\d+\.part$/.exec(name.slice(begin.length)) ?? [];
    const part = join(folder, name);
    if (pid === undefined || isRunning(Number(pid))) continue;
    const { mtimeMs = Date.now() } = (await stat(part).catch(() => undefined)) ?? {};
    if (Date.now() - mtimeMs > STALE_MS) await rm(part, { force: true }).catch(() => undefined);
  }
}

/** Whether there is a process of this number. A signal of 0 only asks; one of somebody else's must not be signalled. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
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
