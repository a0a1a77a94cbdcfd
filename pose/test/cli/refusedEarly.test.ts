import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { formatSafetensors } from 'wgrad/io';
import { compare } from '../../src/cli/compare.js';
import { convert } from '../../src/cli/convert.js';
import { exportOnnx } from '../../src/cli/export.js';
import { predict } from '../../src/cli/predict.js';
import { start } from '../../src/cli/start.js';
import { inProcess } from './inProcess.js';

vi.mock('../../src/cli/openBackend.js', async (original) => ({
  ...(await original<object>()),
  openBackend: () => {
    throw new Error('a device was opened');
  },
}));

const run = inProcess(start, compare, convert, exportOnnx, predict);
const isRoot = process.getuid?.() === 0;

let home: string;
const at = (...names: string[]) => join(home, ...names);
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'wgrad-refused-'));
  for (const name of ['folder', 'folder.onnx', 'folder.safetensors', 'locked', 'run', 'empty', 'nobody/images'])
    mkdirSync(at(name), { recursive: true });
  for (const name of ['file', 'empty.pth', 'empty.json', 'a.png']) writeFileSync(at(name), '');
  writeFileSync(at('run', 'last.safetensors'), formatSafetensors(new Map()));
  writeFileSync(at('nobody', 'boxes.json'), '[]');
  chmodSync(at('locked'), 0o500);
});
afterAll(() => {
  chmodSync(at('locked'), 0o700);
  rmSync(home, { recursive: true });
});

/** Everything in a folder. */
const contentOf = () => readdirSync(home, { recursive: true }).sort();

describe('a result that cannot be written is refused before anything is read', () => {
  // None of these inputs can be read, so that whatever looks at them first says something else.
  const files: [command: string, result: string, line: (place: string) => string[]][] = [
    ['convert', '.safetensors', (place) => ['convert', at('empty.pth'), place]],
    ['export', '.onnx', (place) => ['export', at('empty.pth'), place]],
    ['predict --out', '.json', (place) => ['predict', at('a.png'), '--weights', at('empty.pth'), '--out', place]],
  ];
  test.each(files)('%s', async (_, extension, line) => {
    const before = contentOf();
    const refused = async (name: string, why: RegExp) =>
      expect(run(...line(at(`${name}${extension}`)))).rejects.toThrow(why);
    mkdirSync(at(`folder${extension}`), { recursive: true });
    await refused('folder', /^cannot write .*: it is a folder; name a file \(EISDIR\)$/);
    await refused('nowhere/x', /^cannot write .*: the file or its folder does not exist.*\(ENOENT\)$/);
    await refused('file/x', /^cannot write .*: a part of the path is not a folder.*\(ENOTDIR\)$/);
    await refused('x'.repeat(300), /^cannot write .*: the name is too long.*\(ENAMETOOLONG\)$/);
    if (!isRoot) await refused('locked/x', /^cannot write .*: permission denied.*\(EACCES\)$/);
    rmSync(at('folder.json'), { recursive: true, force: true });
    expect(contentOf()).toEqual(before);
  });

  const folders: [command: string, line: (place: string) => string[]][] = [
    ['predict --overlays', (place) => ['predict', at('a.png'), '--weights', at('empty.pth'), '--overlays', place]],
    ['train --out', (place) => ['train', '--init', at('empty.pth'), '--out', place]],
    ['train --resume --out', (place) => ['train', '--resume', at('empty.pth'), '--out', place]],
    ['compare --out', (place) => ['compare', '--init', at('empty.pth'), '--out', place]],
  ];
  test.each(folders)('%s', async (_, line) => {
    const before = contentOf();
    await expect(run(...line(at('file')))).rejects.toThrow(/^cannot make the folder .*\(EEXIST\)$/);
    await expect(run(...line(at('file', 'x')))).rejects.toThrow(/^cannot make the folder .*\(ENOTDIR\)$/);
    if (!isRoot) await expect(run(...line(at('locked', 'x')))).rejects.toThrow(/^cannot write into .*\(EACCES\)$/);
    expect(contentOf()).toEqual(before);
  });
});

describe('before a device is opened', () => {
  test.each<[what: string, args: () => string[], message: RegExp]>([
    ['data that are a file', () => ['train', '--data', at('empty.json')], /^--data .*empty\.json: not a folder; /],
    ['a folder without data', () => ['train', '--data', at('empty')], /^--data .*empty: no data set of a known form; /],
    [
      'data without people',
      () => ['train', '--data', at('nobody')],
      /boxes\.json: annotations of an unknown form, a list of 0; /,
    ],
    ['annotations that are empty', () => ['train', '--train', at('empty.json')], /empty\.json/],
    ['weights that are empty', () => ['train', '--init', at('empty.pth')], /empty\.pth: /],
    ['weights of no network', () => ['train', '--init', at('run')], /last\.safetensors: not a ResNet, /],
    ['a run that is there', () => ['train', '--out', at('run')], /^--out .*run: a run is there already; /],
    ['a run that is none', () => ['train', '--backend', 'cpu', '--resume', at('run')], /last\.safetensors: /],
    ['a run that is missing', () => ['train', '--backend', 'cpu', '--resume', at('gone')], /gone: /],
    [
      '--checkpoint of another network',
      () => ['train', '--checkpoint', '--model', 'mobilenetv2'],
      /^--checkpoint: for the blocks of a ResNet, got --model mobilenetv2; /,
    ],
    ['data to compare on', () => ['compare', '--data', at('empty.json')], /^--data .*empty\.json: not a folder; /],
    ['weights to compare from', () => ['compare', '--init', at('run')], /last\.safetensors: not a ResNet, /],
  ])('%s is refused', async (_, args, message) => {
    const before = contentOf();
    const given = args();
    const out = given.includes('--out') || given.includes('--resume') ? [] : ['--out', at('new')];
    const refusal = await run(...given, ...out).catch((error: Error) => error);
    expect(String((refusal as Error).message)).toMatch(message);
    expect(contentOf()).toEqual(before);
    expect(existsSync(at('new'))).toBe(false);
  });
});
