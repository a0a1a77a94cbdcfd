import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BACKENDS } from '../../test/backends.js';
import { RANKS, runRanks } from './mpirun.js';

const backends = BACKENDS.map(({ name }) => (name === 'GPU' ? 'webgpu' : 'cpu'));

type Found = Record<string, number[]>;

/** What a batch norm over all ranks gave, by rank and step. */
async function norms(
  ranks: number,
  options: { backend: string; rows: number[][]; eager?: boolean },
): Promise<Found[][]> {
  const folder = mkdtempSync(join(tmpdir(), 'wgrad-norm-'));
  try {
    const { code, said } = await runRanks(ranks, 'mpi/test/programs/batchNorm.ts', [folder, JSON.stringify(options)]);
    expect({ code, said }).toEqual({ code: 0, said: '' });
    return Array.from({ length: ranks }, (_, rank) => JSON.parse(readFileSync(join(folder, `${rank}.json`), 'utf8')));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Rows of 1, 2 and 4 ranks in steps of 12 images, and in a last one of 9; the shares of the ranks differ. */
const STEPS = [0, 0, 0, 0, 0, 1];
const SHARES: Record<number, number[][]> = {
  1: [[12], [9]],
  2: [
    [5, 7],
    [8, 1],
  ],
  4: [
    [1, 2, 4, 5],
    [2, 5, 1, 1],
  ],
};

describe.runIf(RANKS.length > 0)('a batch norm over all ranks', () => {
  test.each(backends)('is that of one process with all rows, on %s, whatever the share of a rank', async (backend) => {
    const rowsOf = (ranks: number) => STEPS.map((k) => SHARES[ranks][k]);
    const [exact] = await norms(1, { backend: 'cpu', rows: rowsOf(1) });
    const tolerance = backend === 'cpu' ? 1e-12 : 1e-5;
    for (const size of RANKS) {
      const all = await norms(size, { backend, rows: rowsOf(size) });
      for (const [step, expected] of exact.entries()) {
        const found = all.map((steps) => steps[step]);
        for (const [name, values] of Object.entries(expected)) {
          const isRows = name === 'y' || name === 'dx';
          const got = isRows ? found.flatMap((rank) => rank[name]) : found[0][name];
          if (!isRows) for (const rank of found) expect(rank[name]).toEqual(got);
          const scale = Math.max(...values.map(Math.abs), 1);
          const gap = Math.max(...values.map((value, i) => Math.abs(value - got[i]))) / scale;
          expect({ size, step, name, length: got.length, close: gap < tolerance || gap }).toEqual({
            ...{ size, step, name, length: values.length, close: true },
          });
        }
      }
      if (size === 2) expect(await norms(size, { backend, rows: rowsOf(size), eager: true })).toEqual(all);
    }
  });
});
