import { randomUUID } from 'node:crypto';
import { link, readFile, readlink, rename, rm, rmdir, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DataError } from 'wgrad';
import { fileError, makeFolder } from 'wgrad/io/node';

/** The right of one process to write into a folder. */
export interface FolderClaim {
  /**
   * Makes sure of the claim before something is written; a folder that was deleted is made again, and claimed again.
   * @throws DataError where another process has it by now
   */
  check(): Promise<void>;
  /** Gives the folder back; it is removed if it is empty. */
  release(): Promise<void>;
}

/** Another process has the folder. */
export class FolderTakenError extends DataError {}

/** Who has a folder: the content of its lock. */
interface Holder {
  readonly pid: number;
  /** When the process began, in ticks since the machine did; null where the system does not tell. */
  readonly began: string | null;
  readonly host: string;
  /** Within which a process has one number: the host, since its last start, and the container. */
  readonly place: string;
  readonly since: string;
  readonly token: string;
}

const LOCK = 'run.lock';
/** A holder touches its lock so often, in milliseconds. */
const BEAT = 20_000;
/** A holder elsewhere whose process cannot be looked up is taken for dead after so long without a touch. */
const SILENCE = 300_000;

/**
 * Claims a folder, which is made if missing, for this process alone. The claim is a file, `run.lock`, that appears as a
 * whole or not at all. The claim of a process that is gone is void: on this machine it is looked up by its number and its
 * start, so that another process with its number is not taken for it; on another machine or in another container, which
 * only share the disk, it counts as gone when it has not touched the lock for five minutes.
 * @throws FolderTakenError that says who has the folder; DataError where it cannot be made
 */
export async function claimFolder(folder: string): Promise<FolderClaim> {
  const own: Holder = {
    pid: process.pid,
    began: (await lifeOf(process.pid))?.began ?? null,
    host: hostname(),
    place: await thisPlace(),
    since: new Date().toISOString(),
    token: randomUUID(),
  };
  await take(folder, own);
  const lock = join(folder, LOCK);
  const beat = setInterval(() => {
    const now = new Date();
    utimes(lock, now, now).catch(() => undefined); // `check` sees what is wrong
  }, BEAT);
  beat.unref();
  return {
    async check() {
      const holder = await holderOf(lock);
      if (holder?.token !== own.token) await take(folder, own);
    },
    async release() {
      clearInterval(beat);
      if ((await holderOf(lock))?.token !== own.token) return;
      await rm(lock, { force: true });
      await rmdir(folder).catch(() => undefined);
    },
  };
}

/** @throws FolderTakenError that says who has the folder */
async function take(folder: string, own: Holder): Promise<void> {
  const lock = join(folder, LOCK);
  await makeFolder(folder);
  // A claim may vanish between two looks at it; who always comes too late gives up.
  for (let turn = 0; turn < 100; turn++) {
    if (await created(lock, own)) return;
    const holder = await holderOf(lock);
    const touched = (await stat(lock).catch(() => undefined))?.mtime;
    if (!touched) continue;
    if (await isAlive(holder, touched, own.place)) throw new FolderTakenError(takenBy(folder, holder));
    await discard(lock, holder);
  }
  throw new FolderTakenError(`${folder}: other runs claim it again and again; name another folder`);
}

/** A lock is written beside its place and then linked to it, which fails where there is one already. */
async function created(lock: string, own: Holder): Promise<boolean> {
  const part = `${lock}.${own.token.slice(0, 8)}.part`;
  try {
    await writeFile(part, `${JSON.stringify(own)}\n`);
    await link(part, lock).catch((cause) => {
      // Some disks have no links. There a reader may see a lock that is not whole yet, and waits for it.
      if (cause.code === 'EEXIST') throw cause;
      return writeFile(lock, `${JSON.stringify(own)}\n`, { flag: 'wx' });
    });
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw fileError('cannot write', lock, cause);
  } finally {
    await rm(part, { force: true }).catch(() => undefined);
  }
}

/** Undefined where there is no lock, or none that can be read. */
async function holderOf(lock: string): Promise<Holder | undefined> {
  try {
    const holder = JSON.parse(await readFile(lock, 'utf8')) as Holder | null;
    return Number.isInteger(holder?.pid) && typeof holder?.token === 'string' ? holder : undefined;
  } catch {
    return undefined;
  }
}

async function isAlive(holder: Holder | undefined, touched: Date, place: string): Promise<boolean> {
  if (holder?.place !== place) return Date.now() - touched.getTime() < SILENCE;
  try {
    process.kill(holder.pid, 0);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const life = await lifeOf(holder.pid);
  return life === undefined || (!life.isOver && life.began === holder.began);
}

/**
 * Removes a void lock. Of several who find it void only one moves it away; who has moved away a newer one instead puts it
 * back.
 */
async function discard(lock: string, void_: Holder | undefined): Promise<void> {
  const aside = `${lock}.${randomUUID().slice(0, 8)}.part`;
  try {
    await rename(lock, aside);
  } catch {
    return; // another was faster
  }
  if ((await holderOf(aside))?.token !== void_?.token) await link(aside, lock).catch(() => undefined);
  await rm(aside, { force: true });
}

function takenBy(folder: string, holder: Holder | undefined): string {
  const who = holder ? `process ${holder.pid} on ${holder.host}, since ${holder.since}` : 'a process that left no name';
  return (
    `${folder}: another run is at work in it (${who}); wait for it, or name another folder; ` +
    `if it is gone, delete ${join(folder, LOCK)}`
  );
}

async function thisPlace(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const numbers = await readlink('/proc/self/ns/pid').catch(() => '');
  return [hostname(), boot.trim(), numbers].join(' ');
}

/** When a process began, and whether it is over and only waits for its parent; undefined where the system does not tell. */
async function lifeOf(pid: number): Promise<{ readonly began: string; readonly isOver: boolean } | undefined> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name of the program, in brackets, may hold anything.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return fields.length > 19 ? { began: fields[19], isOver: /^[ZX]/.test(fields[0]) } : undefined;
}
