import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RANKS, runAlone, runRanks } from '../../../mpi/test/mpirun.js';
import { BACKENDS } from '../../../test/backends.js';
import { GPU_LOSS_RELATIVE, REFERENCE_TRAJECTORY } from '../../../test/tolerance.js';

const PROGRAM = 'pose/test/train/ranks/steps.ts';
const STEPS = 50;
/** Ranks meet some forty times in a step whose batch norms see all of them; each wait costs a turn of a busy machine. */
const PATIENT = { timeout: 3_600_000 };
/** Steps of 16 images in four parts, so that one, two and four ranks compute the same. */
const CONFIG = { batch: 16, accumulate: 4, loss: 'laplace', size: 32, lr: 1e-3 };

interface Taken {
  readonly losses: readonly number[];
  /** Parameters and moments. */
  readonly weights: readonly (readonly number[])[];
}

/** What each rank has after some steps; 0 ranks are one process without MPI. */
async function take(ranks: number, options: object): Promise<Taken[]> {
  const folder = mkdtempSync(join(tmpdir(), 'wgrad-ranks-'));
  try {
    const args = [folder, JSON.stringify({ steps: STEPS, config: CONFIG, alone: ranks === 0, ...options })];
    const { code, said } = await (ranks === 0 ? runAlone(PROGRAM, args) : runRanks(ranks, PROGRAM, args));
    expect({ code, said }).toEqual({ code: 0, said: '' });
    const files = Array.from({ length: Math.max(1, ranks) }, (_, rank) => join(folder, `${rank}.json`));
    return files.map((file) => JSON.parse(readFileSync(file, 'utf8')));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const lossGap = (a: Taken, b: Taken) =>
  Math.max(...a.losses.map((loss, i) => Math.abs(loss - b.losses[i]) / (1 + Math.abs(b.losses[i]))));

function weightGap(a: Taken, b: Taken): number {
  const [x, y] = [a.weights.flat(), b.weights.flat()];
  expect(x.length).toBe(y.length);
  const squares = (values: number[]) => values.reduce((sum, value) => sum + value * value, 0);
  return Math.sqrt(squares(x.map((value, i) => value - y[i])) / squares(y));
}

describe.runIf(RANKS.length > 0)('steps of several ranks', () => {
  test('on the CPU backend are those of one process that takes the batch in parts', async () => {
    const [one] = await take(0, { backend: 'cpu' });
    expect(new Set(one.losses).size).toBe(STEPS);
    for (const ranks of RANKS) {
      const all = await take(ranks, { backend: 'cpu' });
      for (const rank of all) expect(rank).toEqual(all[0]);
      expect(lossGap(all[0], one)).toBeLessThan(REFERENCE_TRAJECTORY);
      expect(weightGap(all[0], one)).toBeLessThan(REFERENCE_TRAJECTORY);
    }
  });

  test.runIf(BACKENDS.length > 1)(
    'on WebGPU are those of one process up to float32, and the same bits again, replayed or not',
    async () => {
      const [[one], [exact]] = [await take(0, { backend: 'webgpu' }), await take(0, { backend: 'cpu' })];
      // How far roundings carry weights in so many steps of Adam, which divides small moments by each other.
      const float32 = weightGap(one, exact);
      for (const ranks of RANKS) {
        const all = await take(ranks, { backend: 'webgpu' });
        for (const rank of all) expect(rank).toEqual(all[0]);
        expect(lossGap(all[0], one)).toBeLessThan(GPU_LOSS_RELATIVE);
        expect(weightGap(all[0], one)).toBeLessThan(float32);
        if (ranks !== 2) continue;
        expect(await take(ranks, { backend: 'webgpu' })).toEqual(all);
        expect(await take(ranks, { backend: 'webgpu', eager: true })).toEqual(all);
      }
    },
  );

  test.each(BACKENDS.map(({ name }) => (name === 'GPU' ? 'webgpu' : 'cpu')))(
    'whose batch norms see all ranks are those of one process with the whole batch, on %s',
    PATIENT,
    async (backend) => {
      const config = { ...CONFIG, accumulate: 1, size: 16 };
      const [one] = await take(0, { backend, config });
      const isExact = backend === 'cpu';
      const [exact] = isExact ? [one] : await take(0, { backend: 'cpu', config });
      for (const ranks of RANKS) {
        const all = await take(ranks, { backend, config, syncBatchNorm: true });
        for (const rank of all) expect(rank).toEqual(all[0]);
        expect(lossGap(all[0], one)).toBeLessThan(isExact ? REFERENCE_TRAJECTORY : GPU_LOSS_RELATIVE);
        expect(weightGap(all[0], one)).toBeLessThan(isExact ? REFERENCE_TRAJECTORY : weightGap(one, exact));
      }
    },
  );

  test.each([
    ['in two parts', { accumulate: 2 }, {}],
    ['recomputing blocks', { accumulate: 1 }, { checkpoint: true }],
    ['calling every op', { accumulate: 1 }, { eager: true }],
  ])('share batch norms %s, too', PATIENT, async (_, changed, how) => {
    const options = { backend: BACKENDS.length > 1 ? 'webgpu' : 'cpu', steps: 6, config: { ...CONFIG, ...changed } };
    const [one] = await take(0, options);
    const [first, second] = await take(2, { ...options, ...how, syncBatchNorm: true });
    expect(second).toEqual(first);
    expect(lossGap(first, one)).toBeLessThan(GPU_LOSS_RELATIVE);
  });

  test('whose gradients travel as float16 are near those of float32, the same on all ranks and again', async () => {
    for (const ranks of RANKS.filter((count) => count > 1)) {
      const [exact] = await take(ranks, { backend: 'cpu' });
      const all = await take(ranks, { backend: 'cpu', wire: 'float16' });
      for (const rank of all) expect(rank).toEqual(all[0]);
      if (ranks === 2) expect(await take(ranks, { backend: 'cpu', wire: 'float16' })).toEqual(all);
      // A half has 11 digits; over 50 steps of Adam the losses stay within a few of its roundings.
      expect(lossGap(all[0], exact)).toBeLessThan(2 ** -8);
      expect(lossGap(all[0], exact)).toBeGreaterThan(2 ** -20);
    }
  });

  test.each([
    ['clipped, with an average of the weights', { clip: 0.1, ema: 0.9 }],
    ['RLE with log s, whose nodes all ranks share', { loss: 'rle', logS: 'importance' }],
  ])('are so too: %s', async (_, changed) => {
    const options = { backend: 'cpu', steps: 4, config: { ...CONFIG, ...changed } };
    const [[one], [first, second]] = [await take(0, options), await take(2, options)];
    expect(second).toEqual(first);
    expect(lossGap(first, one)).toBeLessThan(REFERENCE_TRAJECTORY);
    expect(weightGap(first, one)).toBeLessThan(REFERENCE_TRAJECTORY);
  });
});
