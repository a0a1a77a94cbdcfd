import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hasMpirun } from '../../scripts/mpi.mjs';
import { BACKENDS } from '../../test/backends.js';
import { launcherOf } from '../src/launcher.js';
import { type Launcher, OPEN_MPI, OTHERS, RANKS, runAlone, runRanks } from './mpirun.js';

const valueAt = (i: number, r: number) => (7 * i + 11 * r) % 23;
const REDUCERS = {
  sum: (all: number[]) => all.reduce((a, b) => a + b),
  mean: (all: number[]) => all.reduce((a, b) => a + b) / all.length,
  max: (all: number[]) => Math.max(...all),
  min: (all: number[]) => Math.min(...all),
};
const backends = BACKENDS.map(({ name }) => (name === 'GPU' ? 'webgpu' : 'cpu'));

/** What each of the ranks found, by rank. */
async function collectives(launcher: Launcher, ranks: number, backend: string): Promise<Record<string, unknown>[]> {
  const folder = mkdtempSync(join(tmpdir(), 'wgrad-mpi-'));
  try {
    const { code, said } = await runRanks(ranks, 'mpi/test/programs/collectives.ts', [folder, backend], { launcher });
    expect({ code, said }).toEqual({ code: 0, said: '' });
    return Array.from({ length: ranks }, (_, rank) => JSON.parse(readFileSync(join(folder, `${rank}.json`), 'utf8')));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const cases = [
  ...RANKS.map((size) => ({ launcher: OPEN_MPI, size })),
  ...OTHERS.map((launcher) => ({ launcher, size: 2 })),
];

describe.each(cases)('$size ranks of $launcher.mpi', ({ launcher, size }) => {
  const of = (value: (rank: number) => number) => Array.from({ length: size }, (_, rank) => value(rank));

  test.each(backends)('reduce, broadcast and gather arrays and tensors on %s', async (backend) => {
    const all = await collectives(launcher, size, backend);
    for (const [r, { rank, size: seen, library, ...found }] of all.entries()) {
      expect([rank, seen]).toEqual([r, size]);
      expect(library).toMatch(new RegExp(`^${launcher.mpi}.*\\d`));
      const bits = {
        Float32: Math.fround,
        Float64: (x: number) => x,
        Int32: Math.trunc,
        Uint32: Math.trunc,
        Uint8: (x: number) => x & 255,
      };
      for (const [kind, rounded] of Object.entries(bits)) {
        for (const [by, reduce] of Object.entries(REDUCERS)) {
          if (by === 'mean' && !kind.startsWith('Float')) continue;
          for (const length of [0, 1, 1000]) {
            const expected = Array.from({ length }, (_, i) => rounded(reduce(of((q) => valueAt(i, q)))));
            expect(found[`${kind}Array ${by} ${length}`]).toEqual(expected);
          }
        }
        expect(found[`${kind}Array broadcast`]).toEqual([0, 1, 2, 3, 4].map((i) => valueAt(i, size - 1)));
      }
      expect(found.gather).toEqual(of((q) => q).map((q) => (q === 1 ? '' : `rank ${q}: größer`)));
      const sums = Array.from({ length: 1001 }, (_, i) =>
        of((q) => (valueAt(i, q) + 0.3) * 10 ** (3 * q - 4)).reduce((a, b) => a + b),
      );
      const largest = Math.max(...sums);
      for (const [i, sum] of sums.entries()) {
        // Each rank rounds what it has, and the sum is rounded once more.
        expect(Math.abs((found.halves as number[])[i] - sum)).toBeLessThan(sum * 2 ** -10 + largest * 2 ** -35);
      }
      expect(found.halves).toEqual(all[0].halves);
      expect(found.short).toEqual([1, 'Infinity']);
      expect(found.now).toEqual([(size * (size - 1)) / 2, 2 * size]);
      const rankSum = (size * (size - 1)) / 2;
      expect(found.overlapping).toEqual([of((q) => 10 * q).map(String), ...[1, 2, 3].map((k) => [k * size, rankSum])]);
      const meanRank = (size - 1) / 2;
      expect(found.tensors).toEqual({
        a: [1, 2, 3].map((x) => 2 * x * (meanRank + 1)),
        b: [meanRank, meanRank, meanRank, true],
        loose: [meanRank, 1, 2 * meanRank],
        counts: [rankSum + size, 2 * size],
      });
      expect(found.broadcastTensor).toEqual([size - 1, size - 1]);
      // The arena in two pieces, its padding to multiples of 64 included, and the loose tensor.
      const elements = 64 + 2 ** 22 + 64 + 3;
      const bytes = elements * (backend === 'cpu' ? 8 : 4);
      expect(found.traffic).toEqual([3, bytes]);
      expect(found.faults).toEqual([
        "ShapeError: allReduce: the mean of integers (Int32Array) is none; take 'sum', or floats",
        "ShapeError: allReduce: a sum as float16 of integers (Int32Array) is none; take wire 'float32', or floats",
        "ShapeError: allReduce: 'max' does not travel as float16; only sums and means do",
        "ShapeError: allReduce: the mean of integers (int32) is none; take 'sum', or floats",
        `ShapeError: broadcast: root ${size} is none of the ${size} ranks, which count from 0`,
        ...unlike(size, backend),
        'Error: the same',
      ]);
      // Less, where garbage of before was collected.
      expect(found.leaked).toBeLessThanOrEqual(0);
    }
  });

  // MPI asks no library to notice; MPICH does in some runs.
  test.runIf(launcher === OPEN_MPI && size === 2)(
    'a rank that gives more elements is an error that says so',
    async () => {
      const { code, said } = await runRanks(size, 'mpi/test/programs/unlike.ts', [], { launcher });
      expect(code, said).toBe(2);
      expect(said).toMatch(
        /^DeviceError: MPI_Allreduce failed: .*message truncated; every rank must make the same calls with as many elements$/im,
      );
    },
  );

  test('a rank that aborts ends all of them with its code', async () => {
    const began = performance.now();
    const { code, said } = await runRanks(size, 'mpi/test/programs/aborts.ts', [], { launcher });
    expect(code).toBe(7);
    expect(said).toContain(`rank ${size - 1} gives up`);
    expect(performance.now() - began).toBeLessThan(60_000);
  });
});

describe.each(OTHERS)('$mpi', (launcher) => {
  // UCX tries its hooks out while other threads allocate; see library.ts.
  test.runIf(process.platform === 'linux')('leaves the code of the C library as it is', async () => {
    const rewritten = async (env: NodeJS.ProcessEnv) => {
      const { code, printed } = await runRanks(1, 'mpi/test/programs/opens.ts', ['rewritten'], { launcher, env });
      return code === 0 ? Number(printed) : 'died';
    };
    expect(await rewritten({})).toBe(0);
    // This is the fault itself, which a process does not always survive.
    let hooked: number | string = 'died';
    for (let tries = 0; hooked === 'died' && tries < 10; tries++) hooked = await rewritten({ UCX_MEM_EVENTS: 'yes' });
    expect(hooked).toBeGreaterThan(0);
  });
});

/** What all ranks say where the last one broadcasts something else. */
function unlike(size: number, device: string): string[] {
  const last = size - 1;
  if (last === 0) return ['none', 'none', 'none'];
  const end = '; all ranks must broadcast alike';
  return [
    `ShapeError: broadcast: rank ${last} has Float32Array of 3, rank 0 has Float32Array of 2${end}`,
    `ShapeError: broadcast: rank ${last} has w.1: float32 [3, 2] on ${device}, rank 0 has w.1: float32 [2, 3] on ${device}${end}`,
    `ShapeError: broadcast: rank 0 has 1: int32 [2] on ${device}, rank ${last} has no more${end}`,
  ];
}

const opens = (args: string[], env: NodeJS.ProcessEnv = {}) =>
  runAlone('mpi/test/programs/opens.ts', args, { env }).then(({ printed }) => printed.trim());

describe('one process', () => {
  test.runIf(hasMpirun())('is one rank if no launcher has started it', async () => {
    expect(JSON.parse(await opens([]))).toEqual({ rank: 0, size: 1, library: null });
    expect(JSON.parse(await opens(['find']))).toEqual({
      path: expect.stringMatching(/^libmpi/),
      kind: 'Open MPI',
      version: expect.stringMatching(/^Open MPI v\d+\.\d+/),
    });
  });

  test('is told how to install MPI where there is none', async () => {
    expect(await opens([], { WGRAD_MPI: '/nowhere/libmpi.so' })).toMatch(
      /^DataError: WGRAD_MPI=\/nowhere\/libmpi.so: .*No such file or directory; install Open MPI: sudo apt-get install openmpi-bin libopenmpi-dev/,
    );
  });

  test.runIf(process.platform === 'linux')('is told of a library that is no MPI', async () => {
    expect(await opens([], { WGRAD_MPI: 'libc.so.6' })).toMatch(
      /^DataError: MPI: libc\.so\.6 is no MPI library of version 3 or later; install/,
    );
  });

  test.runIf(hasMpirun())('is told of a launcher whose MPI is another one', async () => {
    const said = await opens([], { PMI_RANK: '0', PMI_SIZE: '3', WGRAD_MPI: 'libmpi.so.40' });
    expect(said).toMatch(/^DataError: MPI: 3 processes were started, and Open MPI .* sees 1: it is another MPI than/);
  });
});

describe('who started a process', () => {
  test.each([
    [{}, undefined],
    [{ OMPI_COMM_WORLD_SIZE: '2', PMIX_RANK: '0' }, 'Open MPI'],
    [{ PMI_RANK: '0' }, 'PMI'],
    [{ PMI_FD: '5' }, 'PMI'],
    [{ PMIX_RANK: '0', SLURM_STEP_NUM_TASKS: '8' }, 'PMIx'],
    // A batch script that starts nothing by srun.
    [{ SLURM_NTASKS: '8', SLURM_STEP_NUM_TASKS: '1' }, undefined],
  ])('%o', (env, expected) => {
    expect(launcherOf(env)).toBe(expected);
  });

  test('srun without PMI is refused: eight runs of one rank each is not what was meant', () => {
    expect(() => launcherOf({ SLURM_STEP_NUM_TASKS: '8' })).toThrow(
      /srun started 8 processes and tells none of the others; start them with srun --mpi=pmix, or with mpirun/,
    );
  });
});
