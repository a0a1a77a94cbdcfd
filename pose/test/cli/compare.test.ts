import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cpu, Rng, tensorsOf } from 'wgrad';
import { downloadState, formatSafetensors } from 'wgrad/io';
import { resnet } from 'wgrad/nn';
import { compare } from '../../src/cli/compare.js';
import { start } from '../../src/cli/start.js';
import type { Comparison } from '../../src/node/compare/comparison.js';
import type { RunResult } from '../../src/node/compare/runResult.js';
import { openDataset } from '../../src/node/datasets/openDataset.js';
import { loadRun, saveRun } from '../../src/node/train/runFile.js';
import { lsp14 } from '../../src/schema.js';
import { makeConfig } from '../../src/train/makeConfig.js';
import { loadData } from '../../src/train/samples.js';
import { startSession } from '../../src/train/session.js';
import { inProcess } from './inProcess.js';

const MAIN = join(process.cwd(), 'pose/src/cli/main.ts');
const TSX = join(process.cwd(), 'node_modules/tsx/dist/esm/index.mjs');
const TINY = [
  ...['--backend', 'cpu', '--workers', '0', '--figures', '12', '--batch', '4', '--width', '4', '--size', '16'],
  ...['--epochs', '2'],
];
const ROWS = ['--rows', 'laplace,l1', '--seeds', '2'];

let home: string;
let out: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'wgrad-compare-'));
  out = join(home, 'tiny');
});
afterAll(() => rmSync(home, { recursive: true }));

const run = inProcess(start, compare);

const read = <T>(...path: string[]): T => JSON.parse(readFileSync(join(out, ...path), 'utf8')) as T;
const events = (run: string): string[] =>
  readFileSync(join(out, run, 'log.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).event);

describe('wgrad-pose compare', () => {
  test('Ctrl-C saves, and what is done is reported', async () => {
    const args = ['compare', ...TINY, ...ROWS, '--out', out];
    const child = spawn(process.execPath, ['--import', TSX, MAIN, ...args], { cwd: home });
    let [said, printed] = ['', ''];
    child.stdout.on('data', (text) => {
      printed += text;
    });
    child.stderr.on('data', (text) => {
      said += text;
      if (/run 2 of 4: laplace, seed 1[\s\S]*epoch 1\/2:/.test(said) && !child.killed) child.kill('SIGINT');
    });
    const code = await new Promise((resolve) => child.on('exit', resolve));
    expect(said).toMatch(/saved; runs done: 1 of 4. Go on with the same command\n/);
    expect({ code, printed }).toEqual({ code: 130, printed: '' });
    expect(readdirSync(out).sort()).toEqual(['compare.json', 'l1-1', 'laplace-1', 'report.html']);
    expect(existsSync(join(out, 'laplace-1/result.json'))).toBe(false);
    expect(events('laplace-1')).toEqual(['start', 'epoch', 'interrupted']);
    const { rows } = read<Comparison>('compare.json');
    expect(rows.map(({ row, seeds }) => [row, seeds])).toEqual([
      ['l1', [1]],
      ['laplace', []],
    ]);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('Runs done: 1 of 4.');
  });

  test('the same command goes on where it stood, and --json prints the comparison and nothing else', async () => {
    const { stdout, stderr } = await run('compare', ...TINY, ...ROWS, '--out', out, '--json');
    expect(stderr.match(/run \d of 4: [^\n]*/g)).toEqual([
      'run 2 of 4: laplace, seed 1',
      'run 3 of 4: l1, seed 2',
      'run 4 of 4: laplace, seed 2',
    ]);
    expect(events('laplace-1')).toEqual(['start', 'epoch', 'interrupted', 'resume', 'epoch', 'end']);
    const comparison = JSON.parse(stdout) as Comparison;
    expect(comparison).toEqual(read('compare.json'));
    expect(comparison).toMatchObject({ data: { name: 'figures', train: 12, test: 12 }, seeds: [1, 2] });
    expect(comparison.data.schema).toEqual(lsp14);
    expect(comparison.config).not.toHaveProperty('data');
    const [l1, laplace] = comparison.rows;
    for (const { seeds, curve, cost } of comparison.rows) {
      expect([seeds, curve.length]).toEqual([[1, 2], 2]);
      expect(cost.latency?.one).toBeGreaterThan(0);
    }
    // A second layer of 14 x 2 sigmas over 32 features.
    expect(laplace.cost.parameters - l1.cost.parameters).toBe(33 * 28);
    expect(laplace.cost.macs - l1.cost.macs).toBe(32 * 28);
    expect([l1.confidence, laplace.confidence?.joints.pearson.values.length]).toEqual([undefined, 2]);
    expect([l1.calibration, laplace.calibration?.sharpness.values.length]).toEqual([undefined, 2]);
    expect(comparison.contrasts).toMatchObject([{ row: 'laplace', against: 'l1', paperAp: 9.3 }]);
    for (const name of ['error', 'pck50'] as const) {
      const values = ['l1-1', 'l1-2'].map((folder) => read<RunResult>(folder, 'result.json').scores?.[name] as number);
      expect(l1.scores[name].values).toEqual(values);
      expect(l1.scores[name].mean).toBeCloseTo((values[0] + values[1]) / 2, 12);
      expect(l1.scores[name].std).toBeCloseTo(Math.abs(values[0] - values[1]) / Math.SQRT2, 12);
    }
  });

  test('a row is what wgrad-pose train makes of its options', async () => {
    const alone = join(home, 'alone');
    await run('start', ...TINY, '--loss', 'laplace', '--seed', '2', '--out', alone);
    const last = readFileSync(join(alone, 'log.jsonl'), 'utf8').trim().split('\n').at(-1) as string;
    const [network] = JSON.parse(last).scores;
    const { scores } = read<RunResult>('laplace-2', 'result.json');
    expect([scores?.pck10, scores?.pck20, scores?.pck50]).toEqual(network.pck);
    expect(scores?.error).toBe(network.meanError);
    const { calibrationError: error, sharpness } = network.uncertainty;
    expect(scores?.calibration).toEqual({ error, sharpness });
  });

  test('folders of versions that kept no calibration have a dash for it', async () => {
    const files = ['laplace-1', 'laplace-2'].map((folder) => join(out, folder, 'result.json'));
    const kept = files.map((file) => readFileSync(file, 'utf8'));
    const older = kept.map((text) => {
      const result = JSON.parse(text) as RunResult;
      return JSON.stringify({ ...result, scores: { ...result.scores, calibration: undefined } });
    });
    files.forEach((file, i) => {
      writeFileSync(file, older[i]);
    });
    const { stdout } = await run('compare', ...TINY, ...ROWS, '--out', out);
    expect(stdout).toMatch(/calibration error +sharpness *\n[\s\S]*\nlaplace +2\/2 +[^\n]* +- +- *\n/);
    expect(read<Comparison>('compare.json').rows[1]).not.toHaveProperty('calibration');
    files.forEach((file, i) => {
      writeFileSync(file, kept[i]);
    });
    const again = await run('compare', ...TINY, ...ROWS, '--out', out);
    expect(again.stdout).toMatch(/\nlaplace +2\/2 +[^\n]* ± [\d.]+ +[\d.]+ ± [\d.]+ *\n/);
  });

  test('runs of wgrad-pose train that were copied into the folder are only evaluated', async () => {
    const before = read('l1-2', 'result.json');
    rmSync(join(out, 'l1-2/result.json'));
    const { stdout, stderr } = await run('compare', ...TINY, ...ROWS, '--out', out);
    expect(stderr.match(/run \d of 4: [^\n]*/g)).toEqual(['run 3 of 4: l1, seed 2']);
    expect(events('l1-2')).toEqual(['start', 'epoch', 'epoch', 'end', 'resume', 'end']);
    expect(read('l1-2', 'result.json')).toEqual(before);
    expect(stdout).toMatch(/^row +seeds +params .*\nl1 +2\/2 +[^\n]*\nlaplace +2\/2 +[^\n]*\nmean pose +- /);
    expect(stdout).toMatch(/\nreport: .*tiny\/report.html$/);
  });

  test('a run that diverges is reported, costs no other, and is not tried again', async () => {
    const flags = { figures: '12', batch: '4', width: '4', size: '16', epochs: '2' };
    const config = makeConfig({ ...flags, loss: 'l2' }, 'cpu');
    const device = cpu();
    const session = startSession(device, config, await loadData(await openDataset(config)));
    const [weight] = tensorsOf(session.learner.params);
    device.write(weight, new Float32Array(weight.size).fill(Number.NaN));
    mkdirSync(join(out, 'l2-1'));
    await saveRun(session, join(out, 'l2-1/last.safetensors'));

    const args = ['compare', ...TINY, '--rows', 'l1,l2', '--seeds', '1', '--out', out];
    const { stdout, stderr } = await run(...args);
    expect(stderr).toMatch(/run 1 of 2: l2, seed 1\n[\s\S]*l2, seed 1: training diverged: no finite loss/);
    expect(stdout).toMatch(/\nl2 +0\/1 [^\n]*\nl1 +1\/1 /);
    expect(stdout).toMatch(/\nl2, seed 1: training diverged: no finite loss in the last 3 steps/);
    expect(read<Comparison>('compare.json').rows[0]).toMatchObject({ row: 'l2', seeds: [], diverged: [{ seed: 1 }] });
    expect((await run(...args)).stderr).not.toMatch(/run \d of 2/);
  });

  test.each([
    [['--width', '8'], /tiny\/l1-1: the run in it has --width 4, this comparison 8; give the options/],
    [['--epochs', '3'], /tiny\/l1-1: the run in it has --epochs 2, this comparison 3; /],
    [['--rows', 'l1,ridge'], /^--rows ridge: expected some of l2, l1, /],
    [['--seeds', '0'], /^--seeds 0: expected how many/],
  ])('%s is refused, and nothing is touched', async (args, message) => {
    const before = readdirSync(out, { recursive: true }).sort();
    const log = events('l1-1');
    await expect(run('compare', ...TINY, ...ROWS, '--out', out, ...args)).rejects.toThrow(message);
    expect(readdirSync(out, { recursive: true }).sort()).toEqual(before);
    expect(events('l1-1')).toEqual(log);
  });

  test('--init gives every run its network and weights, and the other options of train are there', async () => {
    const file = join(home, 'donor.safetensors');
    const { params, state } = resnet.init(new Rng(9), cpu(), { depth: 18, width: 4, stem: 7 });
    const donor = new Map([...(await downloadState(params)), ...(await downloadState(state))]);
    writeFileSync(file, formatSafetensors(donor));
    const other = join(home, 'initialised');
    const args = [
      ...['compare', '--backend', 'cpu', '--workers', '0', '--figures', '12', '--batch', '4', '--size', '16'],
      ...['--epochs', '2', '--rows', 'l1,l2', '--seeds', '1', '--lr', '1e-9', '--out', other, '--json'],
      ...['--milestones', '1', '--warmup', '3', '--clip', '5', '--joint-weights', '1,1,1,1,1,1,2,1,1,1,1,2,1,1'],
    ];
    const comparison = JSON.parse((await run(...args, '--init', file)).stdout) as Comparison;
    const shared = { model: 'resnet18', width: 4, stem: '7x7', milestones: [1], warmup: 3, clip: 5 };
    expect(comparison.config).toMatchObject({ ...shared, init: 'donor.safetensors' });
    // Filters of 7x7 and not of 3x3.
    const [small] = read<Comparison>('compare.json').rows;
    expect(comparison.rows[0].cost.parameters - small.cost.parameters).toBe(4 * 3 * (49 - 9));
    for (const row of ['l1-1', 'l2-1']) {
      const { model } = await loadRun(join(other, row, 'last.safetensors')).then(({ checkpoint }) => checkpoint);
      for (const name of ['conv1.weight', 'layer4.1.conv2.weight']) {
        const [given, taken] = [donor.get(name), model.get(`preact.${name}`)].map((t) =>
          Array.from(t?.data ?? [], Number),
        );
        expect(Math.max(...given.map((x, i) => Math.abs(x - taken[i])))).toBeLessThan(1e-6);
      }
    }
    await expect(run(...args)).rejects.toThrow(/initialised\/l.-1: the run in it has --width 4/);
    await expect(run(...args, '--width', '4', '--stem', '7x7')).rejects.toThrow(
      /has --init .*donor.safetensors, this comparison none/,
    );
  });

  test('options that are the rows own do not exist', async () => {
    await expect(run('compare', '--loss', 'l1')).rejects.toThrow("error: unknown option '--loss'");
  });
});
