import { execFileSync, spawnSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeFileAtomic } from '../../src/io/node/atomicFile.js';
import { fileError } from '../../src/io/node/fileError.js';
import { makeFolder } from '../../src/io/node/makeFolder.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wgrad-atomic-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const place = (name: string) => {
  mkdirSync(join(folder, name));
  return join(folder, name);
};

describe('what a killed writer left behind', () => {
  /** The number of a process that has ended. */
  const gone = spawnSync(process.execPath, ['-e', '0']).pid;
  const old = new Date(Date.now() - 3_600_000);

  test('goes at the next write, and nothing else does', async () => {
    const home = place('stale');
    const stale = `net.safetensors.${gone}-0.part`;
    const others = [
      `net.safetensors.${process.pid}-9.part`,
      `best.safetensors.${gone}-0.part`,
      'net.safetensors.mine.part',
    ];
    for (const name of [stale, ...others]) {
      writeFileSync(join(home, name), 'half');
      utimesSync(join(home, name), old, old);
    }
    const fresh = `net.safetensors.${gone}-1.part`;
    writeFileSync(join(home, fresh), 'half');
    await writeFileAtomic(join(home, 'net.safetensors'), 'whole');
    expect(readdirSync(home).sort()).toEqual([...others, fresh, 'net.safetensors'].sort());
    expect(readFileSync(join(home, 'net.safetensors'), 'utf8')).toBe('whole');
  });
});

describe('what is no file', () => {
  test('a link stays, and its file is replaced', async () => {
    const home = place('links');
    writeFileSync(join(home, 'file'), 'old');
    symlinkSync('file', join(home, 'link'));
    await writeFileAtomic(join(home, 'link'), 'new');
    expect(lstatSync(join(home, 'link')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(home, 'file'), 'utf8')).toBe('new');
    expect(readdirSync(home).sort()).toEqual(['file', 'link']);
  });

  test.skipIf(process.platform === 'win32')('a pipe is written to and stays a pipe', async () => {
    const pipe = join(place('pipes'), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const [, read] = await Promise.all([writeFileAtomic(pipe, 'flows'), readPipe(pipe)]);
    expect(read).toBe('flows');
    expect(lstatSync(pipe).isFIFO()).toBe(true);
  });

  const readPipe = async (path: string) => (await import('node:fs/promises')).readFile(path, 'utf8');
});

test('a folder where there is a file is refused in one line, and missing ones are made', async () => {
  const home = place('folders');
  await makeFolder(join(home, 'a', 'b', 'c'));
  writeFileSync(join(home, 'file'), '');
  await expect(makeFolder(join(home, 'file', 'b'))).rejects.toThrow(/^cannot make the folder .*not a folder/);
});

test.runIf(process.platform === 'linux')('a place that takes no folders says so, and soon', async () => {
  for (const path of ['/proc/wgrad', '/proc/wgrad/run']) {
    await expect(makeFolder(path)).rejects.toThrow(
      'cannot make the folder /proc/wgrad: /proc takes no folders; choose another place',
    );
  }
});

test('a read-only disk is called so', () => {
  const cause = Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' });
  expect(fileError('cannot write', 'x', cause).message).toContain('read-only');
});
