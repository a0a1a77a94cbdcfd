import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claimFolder, FolderTakenError } from '../../src/node/train/folderClaim.js';
import { claimNewFolder, claimRunFolder } from '../../src/node/train/runFolder.js';

let home: string;
let made = 0;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'wgrad-claim-'));
});
afterAll(() => rmSync(home, { recursive: true }));

const place = () => join(home, `run-${made++}`);
const lockOf = (folder: string) => join(folder, 'run.lock');

/** A folder with a lock as this process would write it, but for some fields; touched so many seconds ago. */
async function locked(changes: object, ago = 0): Promise<string> {
  const folder = place();
  const claim = await claimFolder(folder);
  const own = JSON.parse(readFileSync(lockOf(folder), 'utf8'));
  await claim.release();
  mkdirSync(folder);
  writeFileSync(lockOf(folder), JSON.stringify({ ...own, token: 'theirs', ...changes }));
  const then = new Date(Date.now() - 1000 * ago);
  utimesSync(lockOf(folder), then, then);
  return folder;
}

describe('a claim', () => {
  test('is for one, who is named, until it is released; an empty folder goes with it', async () => {
    const folder = place();
    const claim = await claimFolder(folder);
    expect(readdirSync(folder)).toEqual(['run.lock']);
    const second = claimFolder(folder);
    await expect(second).rejects.toBeInstanceOf(FolderTakenError);
    await expect(second).rejects.toThrow(`${folder}: another run is at work in it (process ${process.pid} on `);
    await claim.check();
    await claim.release();
    expect(existsSync(folder)).toBe(false);
    await (await claimFolder(folder)).release();
  });

  test('of a process that is gone is void, also where its number belongs to another one by now', async () => {
    const gone = spawnSync(process.execPath, ['-e', '0']).pid;
    await (await claimFolder(await locked({ pid: gone }))).release();
    await (await claimFolder(await locked({ began: '1' }))).release();
  });

  test.runIf(process.platform === 'linux')('of a process that is over but not reaped is void', async () => {
    // The shell becomes a sleep, which never asks after the child of the shell.
    const shell = spawn('sh', ['-c', 'sleep 600 & echo $!; exec sleep 600']);
    const pid = await new Promise<number>((resolve) => shell.stdout.once('data', (text) => resolve(Number(text))));
    const until = async (isSo: () => boolean) => {
      while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    await until(() => readFileSync(`/proc/${shell.pid}/comm`, 'utf8') === 'sleep\n');
    const stat = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    process.kill(pid);
    await until(() => stat()[0] === 'Z');
    await (await claimFolder(await locked({ pid, began: stat()[19] }))).release();
    shell.kill();
  });

  test('from elsewhere holds as long as it is touched', async () => {
    const elsewhere = { place: 'another boot', host: 'far' };
    await expect(claimFolder(await locked(elsewhere))).rejects.toThrow(/on far, since 2.*delete .*run\.lock/);
    await expect(claimFolder(await locked(elsewhere, 200))).rejects.toThrow(FolderTakenError);
    await (await claimFolder(await locked(elsewhere, 400))).release();
  });

  test('that cannot be read holds for a while, too', async () => {
    const folder = await locked({});
    writeFileSync(lockOf(folder), '{"pid');
    await expect(claimFolder(folder)).rejects.toThrow(/a process that left no name/);
    utimesSync(lockOf(folder), 1, 1);
    await (await claimFolder(folder)).release();
  });

  test('goes to one of many who want it at the same time, whether there was a void one or not', async () => {
    for (const folder of [place(), await locked({ began: '1' })]) {
      const claims = await Promise.allSettled(Array.from({ length: 30 }, () => claimFolder(folder)));
      const got = claims.flatMap((claim) => (claim.status === 'fulfilled' ? [claim.value] : []));
      expect(got).toHaveLength(1);
      await got[0].check();
      await got[0].release();
    }
  });

  test('outlives a folder that is deleted, and yields to whoever has it by now', async () => {
    const folder = place();
    const claim = await claimFolder(folder);
    rmSync(folder, { recursive: true });
    await claim.check();
    await expect(claimFolder(folder)).rejects.toThrow(FolderTakenError);
    const lock = JSON.parse(readFileSync(lockOf(folder), 'utf8'));
    writeFileSync(lockOf(folder), JSON.stringify({ ...lock, token: 'theirs' }));
    await expect(claim.check()).rejects.toThrow(FolderTakenError);
    await claim.release();
    expect(existsSync(lockOf(folder))).toBe(true);
  });

  test('where a file is in the way says so', async () => {
    const file = place();
    writeFileSync(file, '');
    await expect(claimFolder(file)).rejects.toThrow(/^cannot make the folder /);
  });
});

describe('the folder of a run', () => {
  test('is cleared of what killed writers left', async () => {
    const path = place();
    mkdirSync(path);
    const names = ['last.safetensors.12-3.part', 'run.lock.0123abcd.part', 'log.jsonl', 'my.part'];
    for (const name of names) writeFileSync(join(path, name), '');
    const { claim } = await claimRunFolder(path);
    expect(readdirSync(path).sort()).toEqual(['log.jsonl', 'my.part', 'run.lock']);
    await claim.release();
  });

  test('is free where no checkpoint is, and belongs to one of two who begin in it', async () => {
    const path = place();
    mkdirSync(path);
    writeFileSync(join(path, 'log.jsonl'), '');
    const folder = await claimNewFolder('any', path);
    await expect(claimNewFolder('any', path)).rejects.toThrow(FolderTakenError);
    writeFileSync(folder.last, '');
    await folder.claim.release();
    await expect(claimNewFolder('any', path)).rejects.toThrow(/a run is there already; continue it with --resume/);
    expect(readdirSync(path).sort()).toEqual(['last.safetensors', 'log.jsonl']);
  });

  test('without a name is another one for each', async () => {
    const before = process.cwd();
    process.chdir(home);
    try {
      const folders = await Promise.all([1, 2, 3].map(() => claimNewFolder('lsp-rle')));
      const paths = folders.map(({ path }) => path).sort();
      expect(paths).toEqual(['lsp-rle', 'lsp-rle-2', 'lsp-rle-3'].map((name) => join('out', name)));
      for (const { claim } of folders) await claim.release();
    } finally {
      process.chdir(before);
    }
  });
});
