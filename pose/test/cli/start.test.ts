import { execFile, execFileSync, spawn } from 'node:child_process';
import {
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lsp14 } from '../../src/schema.js';

const MAIN = join(process.cwd(), 'pose/src/cli/main.ts');
const TSX = join(process.cwd(), 'node_modules/tsx/dist/esm/index.mjs');
const TINY = ['--backend', 'cpu', '--figures', '12', '--batch', '4', '--width', '4', '--size', '16', '--epochs', '1'];

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'wgrad-start-'));
});
afterAll(() => rmSync(home, { recursive: true }));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `wgrad-pose start ...` in the folder `home`. */
function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { cwd: home, env: { ...process.env, ...env } };
    execFile(process.execPath, ['--import', TSX, MAIN, 'start', ...args], options, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

/** Waits until a process opens a FIFO to read it, and is then the one that could write. */
async function writerFor(fifo: string): Promise<FileHandle> {
  for (;;) {
    const writer = await open(fifo, constants.O_WRONLY | constants.O_NONBLOCK).catch((error) => {
      if (error.code !== 'ENXIO') throw error; // nobody reads it yet
    });
    if (writer) return writer;
    await setTimeout(20);
  }
}

const filesOf = (folder: string) => readdirSync(join(home, folder)).sort();

/** Every refusal: one line, exit code 2, and nothing left in `out`. */
async function refused(...asked: Parameters<typeof refusedInOneLine>): Promise<void> {
  const before = existsSync(join(home, 'out')) ? filesOf('out') : [];
  await refusedInOneLine(...asked);
  expect(existsSync(join(home, 'out')) ? filesOf('out') : []).toEqual(before);
}

async function refusedInOneLine(
  args: readonly string[],
  message: string | RegExp,
  env?: NodeJS.ProcessEnv,
): Promise<void> {
  const { code, stdout, stderr } = await start(args, env);
  const said = stderr.split('\n').filter((line) => /^(wgrad-pose|error): /.test(line));
  expect(said).toEqual([typeof message === 'string' ? message : expect.stringMatching(message)]);
  expect(stderr).not.toMatch(/\n\s+at .*[jt]s/);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
}

describe('wgrad-pose start', () => {
  test('trains, scores, writes checkpoints, log and report, and never overwrites a run', async () => {
    const args = [...TINY, '--loss', 'laplace', '--aspect', '0.75', '--checkpoint'];
    const { code, stdout, stderr } = await start([...args, '--epochs', '2']);
    expect(stderr).toMatch(/device: CPU reference/);
    expect(stderr).toMatch(/ResNet-18 of width 4 on 12 x 16 pixels/);
    expect(stderr).toMatch(/epoch 2\/2: loss [-\d.]+, held out [-\d.]+, PCK@0.2 [\d.]+ %, [\d.]+ images\/s/);
    expect(stdout).toMatch(/held out +PCK@0.1 % +PCK@0.2 % +PCK@0.5 %/);
    for (const name of ['network', 'mean pose', 'ridge regression']) expect(stdout).toContain(`\n${name} `);
    expect(code).toBe(0);
    expect(filesOf('out/figures-laplace')).toEqual([
      'best.safetensors',
      'last.safetensors',
      'log.jsonl',
      'report.html',
    ]);
    const lines = readFileSync(join(home, 'out/figures-laplace/log.jsonl'), 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).event)).toEqual(['start', 'epoch', 'epoch', 'end']);

    const again = await start([...args, '--json']);
    expect(again.code).toBe(0);
    const told = JSON.parse(again.stdout);
    expect(told).toMatchObject({
      finished: true,
      folder: 'out/figures-laplace-2',
      step: 3,
      thresholds: [0.1, 0.2, 0.5],
    });
    expect(told.report).toBe('out/figures-laplace-2/report.html');
    expect(told.epochs).toEqual([expect.objectContaining({ epoch: 1, skipped: 0 })]);
    const [{ name, pck }] = told.scores;
    expect(stdout).toMatch(new RegExp(`${name} `));
    expect(pck).toHaveLength(3);
    for (const file of [told.last, told.best, told.log, told.report]) expect(existsSync(join(home, file))).toBe(true);
    await refused(
      [...TINY, '--out', 'out/figures-laplace'],
      'wgrad-pose: --out out/figures-laplace: a run is there already; continue it with --resume, or name another folder',
    );
  });

  test('Ctrl-C saves and exits 130, and --resume finishes the run', async () => {
    const args = [...TINY, '--figures', '40', '--epochs', '2', '--out', 'stopped', '--json'];
    const child = spawn(process.execPath, ['--import', TSX, MAIN, 'start', ...args], { cwd: home });
    let [said, printed] = ['', ''];
    child.stdout.on('data', (text) => {
      printed += text;
    });
    child.stderr.on('data', (text) => {
      said += text;
      if (/epoch 1\/2/.test(said) && !child.killed) child.kill('SIGINT');
    });
    const code = await new Promise((resolve) => child.on('exit', resolve));
    expect(said).toMatch(/saved in stopped\/last.safetensors; go on with --resume stopped\/last.safetensors/);
    expect(code).toBe(130);
    expect(JSON.parse(printed)).toMatchObject({ finished: false, last: 'stopped/last.safetensors' });
    expect(filesOf('stopped')).toEqual(['best.safetensors', 'last.safetensors', 'log.jsonl']);

    await refused(
      ['--backend', 'cpu', '--resume', 'stopped/last.safetensors', '--width', '8'],
      /^wgrad-pose: --width 8: stopped\/last.safetensors was started with 4; leave the option out/,
    );
    const resumed = await start(['--backend', 'cpu', '--resume', '--out', 'stopped']);
    expect(resumed.code).toBe(0);
    expect(resumed.stderr).not.toMatch(/epoch 1\/2:/);
    expect(filesOf('stopped')).toContain('report.html');
  });

  test.skipIf(process.platform === 'win32')('Ctrl-C is heard while a file does not come', async () => {
    mkdirSync(join(home, 'stuck/images'), { recursive: true });
    execFileSync('mkfifo', [join(home, 'stuck/joints.json')]); // nobody writes into it
    const args = ['--backend', 'cpu', '--data', 'stuck', '--out', 'never'];
    const child = spawn(process.execPath, ['--import', TSX, MAIN, 'start', ...args], { cwd: home });
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    const writer = await writerFor(join(home, 'stuck/joints.json'));
    child.kill('SIGINT');
    // A process that waits for its threads cannot end by itself; then the signal ends it.
    const [code, signal] = await new Promise<unknown[]>((resolve) => child.on('close', (...end) => resolve(end)));
    await writer.close();
    expect({ ended: code ?? signal, said }).toEqual({
      ended: expect.toBeOneOf([130, 'SIGINT']),
      said: expect.stringContaining('stopped before the first step; there was nothing to save'),
    });
    expect(existsSync(join(home, 'never'))).toBe(false);
  });

  test('refuses what it cannot train on, in one line', async () => {
    const folder = (name: string, items: unknown) => {
      mkdirSync(join(home, name, 'images'), { recursive: true });
      writeFileSync(join(home, name, 'joints.json'), typeof items === 'string' ? items : JSON.stringify({ items }));
      return ['--backend', 'cpu', '--data', name];
    };
    const xy = lsp14.joints.map((_, k) => [k + 1, 2 * k + 1]);
    writeFileSync(join(home, 'junk.safetensors'), 'junk');
    const cases: [string[], string | RegExp, NodeJS.ProcessEnv?][] = [
      [['--epoch', '3'], /^error: unknown option '--epoch'/],
      [
        ['--data', 'nowhere'],
        'wgrad-pose: --data nowhere: no such folder; give the folder of a data set, or name its files with --train FILE',
      ],
      [folder('broken-json', '{"items": ['), /^wgrad-pose: broken-json\/joints.json: not JSON/],
      [
        folder('no-image', [{ file: 'im1.jpg', xy }]),
        /^wgrad-pose: no-image\/joints.json: its image im1.jpg is neither in /,
      ],
      [['--resume'], /^wgrad-pose: --resume: no last.safetensors in any folder of out; /],
      [['--resume', 'junk.safetensors'], /^wgrad-pose: junk.safetensors: /],
      [
        ['--backend', 'webgpu'],
        /^wgrad-pose: webgpu: no adapter found/,
        { VK_ICD_FILENAMES: '/none', VK_DRIVER_FILES: '/none' },
      ],
    ];
    rmSync(join(home, 'out'), { recursive: true, force: true });
    await Promise.all(cases.map((one) => refusedInOneLine(...one)));
    expect(existsSync(join(home, 'out')) ? filesOf('out') : []).toEqual([]);
  });
});
