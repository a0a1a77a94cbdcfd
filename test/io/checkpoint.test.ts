import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DataError } from '../../src/errors.js';
import type { Checkpoint } from '../../src/io/checkpoint.js';
import { appendLine, writeFileAtomic } from '../../src/io/node/atomicFile.js';
import { loadCheckpoint, saveCheckpoint } from '../../src/io/node/checkpointFile.js';
import { makeFolder } from '../../src/io/node/makeFolder.js';
import { formatSafetensors } from '../../src/io/safetensors.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wgrad-io-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A program that calls these functions. */
async function program(contents: string): Promise<string> {
  const script = join(folder, 'program.mjs');
  const head = "import { appendLine, writeFileAtomic } from './src/io/node/atomicFile.ts';";
  await build({
    stdin: { contents: `${head}\n${contents}`, resolveDir: process.cwd() },
    ...{ bundle: true, platform: 'node', format: 'esm', outfile: script },
  });
  return script;
}

describe('writeFileAtomic', () => {
  test('replaces the file and leaves nothing beside it', async () => {
    const path = join(folder, 'report.html');
    await writeFileAtomic(path, 'old');
    await writeFileAtomic(path, 'new');
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(readdirSync(folder)).toEqual(['report.html']);
  });

  test('says in one line that the folder is missing', async () => {
    const path = join(folder, 'missing', 'report.html');
    const error = await writeFileAtomic(path, 'x').catch((e) => e);
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toBe(
      `cannot write ${path}: the file or its folder does not exist; check the path or create the folder (ENOENT)`,
    );
  });

  test('says in one line that a folder cannot be made where a file is', async () => {
    const path = join(folder, 'report.html');
    writeFileSync(path, 'old');
    await expect(async () => makeFolder(path)).rejects.toThrow(
      `cannot make the folder ${path}: something of that name is there; choose another name (EEXIST)`,
    );
  });

  test('removes its part when the rename fails', async () => {
    mkdirSync(join(folder, 'taken', 'inside'), { recursive: true });
    await expect(writeFileAtomic(join(folder, 'taken'), 'x')).rejects.toThrow(DataError);
    expect(readdirSync(folder)).toEqual(['taken']);
  });

  test('keeps a symbolic link and replaces what it names, also where that is not there yet', async () => {
    mkdirSync(join(folder, 'disk'));
    writeFileSync(join(folder, 'disk', 'a'), 'old');
    for (const name of ['a', 'b']) {
      const link = join(folder, name);
      symlinkSync(join('disk', name), link);
      await writeFileAtomic(link, 'new');
      expect(readlinkSync(link)).toBe(join('disk', name));
      expect(readFileSync(join(folder, 'disk', name), 'utf8')).toBe('new');
    }
    expect(readdirSync(join(folder, 'disk'))).toEqual(['a', 'b']);
  });

  test('refuses links that go round in a circle', async () => {
    const [a, b] = [join(folder, 'a'), join(folder, 'b')];
    symlinkSync(b, a);
    symlinkSync(a, b);
    await expect(writeFileAtomic(a, 'x')).rejects.toThrow(/^cannot write .*ELOOP/);
    expect(readlinkSync(a)).toBe(b);
  });

  test('keeps the permissions of the file that it replaces', async () => {
    const path = join(folder, 'private');
    writeFileSync(path, 'old');
    chmodSync(path, 0o600);
    await writeFileAtomic(path, 'new');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('/dev/stdout is what the program prints to: a socket, a pipe or a file', async () => {
    const script = await program(`console.log('before');
      await writeFileAtomic('/dev/stdout', 'content\\n');
      console.log('after');`);
    const [node, all] = [process.execPath, 'before\ncontent\nafter\n'];
    expect(execFileSync(node, [script], { encoding: 'utf8' })).toBe(all);
    const sh = (command: string) => execFileSync('sh', ['-c', command, node, script, folder], { encoding: 'utf8' });
    expect(sh('"$0" "$1" | cat')).toBe(all);
    sh('"$0" "$1" > "$2/printed"');
    expect(readFileSync(join(folder, 'printed'), 'utf8')).toBe(all);
  });

  test('keeps the old file when the system stops the write half way', async () => {
    const path = join(folder, 'last.safetensors');
    writeFileSync(path, 'old');
    // A limit on the size of files stops a write in its middle as a full disk does, without needing one.
    const script = await program(`process.on('SIGXFSZ', () => {});
      await writeFileAtomic(process.argv[2], new Uint8Array(1e6)).catch((e) => process.stdout.write(e.name + ': ' + e.message));`);
    const command = 'ulimit -f 8 && exec "$0" "$1" "$2"';
    const said = execFileSync('sh', ['-c', command, process.execPath, script, path], { encoding: 'utf8' });
    expect(said).toMatch(/^DataError: cannot write .*last\.safetensors: the file is larger than allowed here/);
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder).sort()).toEqual(['last.safetensors', 'program.mjs']);
  });
});

test('appendLine adds lines, and names what stops it', async () => {
  const path = join(folder, 'log.jsonl');
  await appendLine(path, '{"step":1}');
  await appendLine(path, '{"step":2}');
  expect(readFileSync(path, 'utf8')).toBe('{"step":1}\n{"step":2}\n');
  await expect(appendLine(folder, 'x')).rejects.toThrow(
    `cannot append to ${folder}: it is a folder; name a file (EISDIR)`,
  );
});

test('appendLine leaves nothing of a line that the system stops in its middle', async () => {
  const path = join(folder, 'log.jsonl');
  writeFileSync(path, `${'x'.repeat(4000)}\n`);
  const script = await program(`process.on('SIGXFSZ', () => {});
    await appendLine(process.argv[2], 'y'.repeat(1000)).catch((e) => process.stdout.write(e.message));`);
  const limited = ['-c', 'ulimit -f 8 && exec "$0" "$1" "$2"', process.execPath, script, path];
  expect(execFileSync('sh', limited, { encoding: 'utf8' })).toMatch(/^cannot append to .*larger than allowed/);
  expect(readFileSync(path, 'utf8')).toBe(`${'x'.repeat(4000)}\n`);
});

describe('checkpoint', () => {
  const checkpoint: Checkpoint = {
    model: new Map([
      ['bn1.running_mean', { shape: [2], data: Float32Array.of(0.1, -0.2) }],
      ['conv1.weight', { shape: [1, 2], data: Float32Array.of(Number.MIN_VALUE, -0) }],
    ]),
    optimizer: new Map([['m.conv1.weight', { shape: [1, 2], data: Float32Array.of(1e-30, 3) }]]),
    config: { depth: 18, widths: [32, 64], loss: 'rle' },
    progress: { epoch: 3, step: 93, best: 0.372, counters: { sampler: 4, augmentation: 2976 } },
  };

  test('comes back bit for bit', async () => {
    const path = join(folder, 'last.safetensors');
    await saveCheckpoint(path, checkpoint);
    const loaded = await loadCheckpoint(path);
    for (const part of ['model', 'optimizer'] as const) {
      expect([...loaded[part].keys()]).toEqual([...checkpoint[part].keys()]);
      for (const [name, tensor] of checkpoint[part]) expect(loaded[part].get(name)).toMatchObject(tensor);
    }
    expect(loaded.config).toEqual(checkpoint.config);
    expect(loaded.progress).toEqual(checkpoint.progress);
  });

  test.each<[string, Record<string, string>, string]>([
    ['weights alone', { format: 'pt' }, 'weights only, no state of a run; start from it with --init'],
    ['a later format', { wgrad: '2' }, 'checkpoint format 2, expected 1; use the wgrad that wrote it'],
    ['progress that is no JSON', { wgrad: '1', config: '{}', progress: '{' }, 'metadata "progress" is not JSON'],
    ['progress without a step', { wgrad: '1', config: '{}', progress: '{"epoch":1}' }, 'lacks epoch, step or counters'],
    ['no config', { wgrad: '1', progress: '{"epoch":1,"step":2,"counters":{}}' }, 'metadata "config" is not JSON'],
  ])('refuses to resume from %s', async (_, metadata, message) => {
    const path = join(folder, 'x.safetensors');
    writeFileSync(path, formatSafetensors(checkpoint.model, metadata));
    const error = await loadCheckpoint(path).catch((e) => e);
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain(message);
    expect(error.message.startsWith(`${path}: `)).toBe(true);
  });

  test('names a file that is not there', async () => {
    const path = join(folder, 'none.safetensors');
    await expect(loadCheckpoint(path)).rejects.toThrow(`cannot read ${path}: the file or its folder does not exist`);
  });
});
