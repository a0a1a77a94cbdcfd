import { fstatSync, type Stats } from 'node:fs';
import {
  access,
  chmod,
  constants,
  type FileHandle,
  open,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileError } from './fileError.js';

/**
 * Replaces a file as a whole: writes a new file beside it, flushes that to the disk, then renames it. Whoever reads
 * `path` sees the old content or the new, never a part, even after a crash or a power cut. What such a crash left behind
 * is removed at the next write of the same file.
 *
 * The new file has the permissions of the old one. A symbolic link stays, and the file that it names is replaced. What is
 * no file, such as a pipe or a device, is written to as it is; `/dev/stdout` is what the program prints to.
 * @throws DataError in one line (no folder, no permission, disk full); the old file is untouched, and the new one is
 *   removed
 */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  try {
    const old = await stat(path).catch(() => undefined);
    const own = old && ownStream(old);
    if (own) return await print(own, content);
    if (old && !old.isFile() && !old.isDirectory()) {
      return await withFile(path, 'w', (file) => file.writeFile(content));
    }
    const target = await targetOf(path);
    await removeStaleParts(target);
    await replace(target, content, old?.mode);
    await flushFolder(dirname(target));
  } catch (cause) {
    throw fileError('cannot write', path, cause);
  }
}

/**
 * Makes sure before long work that `writeFileAtomic` can write its result: makes its new file, and removes it again.
 * @throws DataError as `writeFileAtomic`
 */
export async function checkWritable(path: string): Promise<void> {
  try {
    const old = await stat(path).catch(() => undefined);
    if (old?.isDirectory()) throw Object.assign(new Error(path), { code: 'EISDIR' });
    if (old && !old.isFile()) return await access(path, constants.W_OK);
    const part = partOf(await targetOf(path));
    await withFile(part, 'wx', async () => undefined);
    await rm(part, { force: true });
  } catch (cause) {
    throw fileError('cannot write', path, cause);
  }
}

/**
 * Appends one line to a text file, which is made if missing. A line that the disk has no room for leaves nothing of it.
 * @throws DataError in one line (no folder, no permission, disk full)
 */
export async function appendLine(path: string, line: string): Promise<void> {
  try {
    await withFile(path, 'a', async (file) => {
      const { size } = await file.stat();
      try {
        await file.writeFile(`${line}\n`);
      } catch (cause) {
        await file.truncate(size).catch(() => undefined);
        throw cause;
      }
    });
  } catch (cause) {
    throw fileError('cannot append to', path, cause);
  }
}

/**
 * This process's own output, if a path leads there as `/dev/stdout` does: what is printed besides must come before and after
 * the content, also where the output is a file.
 */
function ownStream({ dev, ino }: Stats): NodeJS.WriteStream | undefined {
  return [process.stdout, process.stderr].find((_, i) => {
    try {
      const own = fstatSync(1 + i);
      return own.dev === dev && own.ino === ino;
    } catch {
      return false; // it is closed
    }
  });
}

function print(stream: NodeJS.WriteStream, content: string | Uint8Array): Promise<void> {
  return new Promise((done, fail) => {
    stream.write(content, (error) => (error ? fail(error) : done()));
  });
}

/** The file that a path names, links followed, also where the last one names a file that is not there yet. */
async function targetOf(path: string): Promise<string> {
  const known = await realpath(path).catch((cause) => {
    if (cause.code !== 'ENOENT') throw cause; // links in a circle, no permission
  });
  if (known) return known;
  const next = await readlink(path).catch(() => undefined);
  return next === undefined ? path : targetOf(resolve(dirname(path), next));
}

let written = 0;

const partOf = (path: string): string => `${path}.${process.pid}-${written++}.part`;

async function replace(path: string, content: string | Uint8Array, mode: number | undefined): Promise<void> {
  const part = partOf(path);
  try {
    // 'wx' refuses a file that exists, so two writers never share one.
    await withFile(part, 'wx', async (file) => {
      await file.writeFile(content);
      await file.sync();
    });
    if (mode !== undefined) await chmod(part, mode & 0o7777);
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
