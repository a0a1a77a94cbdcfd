import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DataError, Rng, ShapeError } from 'wgrad';
import { compare } from '../../src/cli/compare.js';
import { start } from '../../src/cli/start.js';
import { inProcess } from './inProcess.js';

const RUNS = 4;
const TINY = ['--backend', 'cpu', '--workers', '0', '--figures', '10', '--width', '4', '--size', '16', '--epochs', '1'];
/** What is tried in combination, the extremes of each range among them. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  loss: ['l2', 'l1', 'gaussian', 'laplace', 'studentT', 'dle', 'rle', 'rle', 'heatmap', 'dsnt'],
  head: ['direct', 'integral'],
  q: ['gaussian', 'logistic', 'studentT'],
  'log-s': ['importance', 'jitteredGrid'],
  batch: ['2', '5', '10', '11'],
  accumulate: ['1', '2'],
  aspect: ['0.75', '1.3', '10'],
  stem: ['7x7'],
  lr: ['1e-9', '0.01', '10'],
  ema: ['0.999999'],
  schedule: ['steps', 'cosine'],
  milestones: ['1'],
  warmup: ['1', '99'],
  clip: ['1e-9', '1e9'],
  'joint-weights': ['schema', ['0', ...Array(13).fill('2')].join(), '1,2'],
  augment: ['official', 'mmpose', 'h36m'],
  rotation: ['0', '180'],
  scaling: ['0', '0.9'],
  colour: ['0', '1'],
  seed: ['0', '9007199254740991'],
  dims: ['2', '3'],
  precision: ['mixed'],
  'skip-broken': ['3'],
  eager: [],
  checkpoint: [],
};

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'wgrad-options-'));
});
afterAll(() => rmSync(home, { recursive: true }));

const run = inProcess(start);
const compared = inProcess(compare);

/** Options that are typed, some of which do not go together. */
function typed(rng: Rng): string[] {
  const names = Object.keys(TEXTS);
  const chosen = new Set(Array.from({ length: 1 + rng.int(5) }, () => names[rng.int(names.length)]));
  return [...chosen].flatMap((name) => {
    const texts = TEXTS[name];
    return texts.length === 0 ? [`--${name}`] : [`--${name}`, texts[rng.int(texts.length)]];
  });
}

test('options in any combination train to finite numbers, or are refused in one line', async () => {
  const rng = new Rng(5);
  for (let finished = 0; finished < RUNS; ) {
    const options = typed(rng);
    const out = join(home, String(finished));
    let told: { readonly finished: boolean; readonly epochs: { trainLoss: number; validLoss: number }[] };
    try {
      told = JSON.parse((await run('start', ...TINY, ...options, '--out', out, '--json')).stdout);
    } catch (error) {
      // Whatever is a fault of the code would be of another class.
      expect([options, error instanceof DataError || error instanceof ShapeError]).toEqual([options, true]);
      expect((error as Error).message).toMatch(/^--?[a-z][^\n]*$/);
      continue;
    }
    finished++;
    const [{ trainLoss, validLoss }] = told.epochs;
    expect([options, told.finished, [trainLoss, validLoss].every(Number.isFinite)]).toEqual([options, true, true]);
    const report = readFileSync(join(out, 'report.html'), 'utf8').replace(/<style[\s\S]*?<\/style>/g, '');
    expect([options, report.match(/.{0,40}(\bNaN\b|undefined|\[object |\bInfinity\b).{0,20}/)?.[0]]).toEqual([
      options,
      undefined,
    ]);
  }
});

describe('a value that an option does not take is refused before anything is opened', () => {
  const bad: Readonly<Record<string, string>> = {
    ...Object.fromEntries(Object.keys(TEXTS).map((name) => [name, 'x'])),
    ...{ 'max-pixels': '0', orientation: 'left', sigmas: 'x', joints: 'x', workers: '-1', backend: 'x' },
  };
  const { eager, checkpoint, ...wrong } = bad;

  test.each(Object.entries(wrong))('train --%s %s', async (name, value) => {
    // Neither is there; whoever looked first would say that.
    for (const given of [
      ['--data', 'nowhere'],
      ['--resume', 'nowhere'],
      ['--data', 'nowhere', '--init', 'nowhere'],
    ]) {
      await expect(run('start', `--${name}`, value, ...given)).rejects.toThrow(new RegExp(`^--${name} ${value}: `));
    }
  });

  const ofRows = ['loss', 'head', 'q', 'log-s', 'seed', 'dims'];
  test.each(Object.entries(wrong).filter(([name]) => !ofRows.includes(name)))(
    'compare --%s %s',
    async (name, value) => {
      const given = ['--data', 'nowhere', '--init', 'nowhere'];
      const told = new RegExp(`^--${name} ${value}: `);
      await expect(compared('compare', `--${name}`, value, ...given)).rejects.toThrow(told);
    },
  );
});
