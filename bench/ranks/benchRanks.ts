import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DataError } from '../../src/errors.js';
import { modelCurves, type RanksReport, type RanksTimes } from './report.js';

const PROGRAM = fileURLToPath(new URL('./program.ts', import.meta.url));

/** What is measured. */
export interface RanksOptions {
  /** The numbers of ranks, one after the other. */
  readonly sizes: readonly number[];
  /** Steps to time. */
  readonly rounds: number;
  /** Part of the name of the steps to time, or `links`: MPI and the passes of the host alone. */
  readonly only?: string;
}

/**
 * Times steps and their exchange on some numbers of ranks, and what the model is made of.
 * @param earlier a report whose rows stay where they are not measured again
 * @throws DataError without `mpirun`, or where nothing was measured that the model needs
 */
export async function benchRanks(
  { sizes, rounds, only = '' }: RanksOptions,
  earlier: RanksReport | undefined,
  progress: (done: number, of: number) => void,
): Promise<RanksReport> {
  const folder = mkdtempSync(join(tmpdir(), 'wgrad-ranks-'));
  try {
    let [steps, links] = [earlier?.steps ?? [], earlier?.links ?? []];
    let about = { device: earlier?.device ?? '', library: earlier?.library ?? '' };
    for (const [i, size] of sizes.entries()) {
      progress(i, sizes.length);
      const file = join(folder, `${size}.json`);
      await mpirun(size, [PROGRAM, file, String(rounds), only]);
      const { device, library, ...found } = JSON.parse(readFileSync(file, 'utf8')) as RanksTimes;
      about = { device, library };
      const isNew = (a: { ranks: number; name: string }) =>
        !found.steps.some((b) => a.ranks === b.ranks && a.name === b.name);
      steps = [...steps.filter(isNew), ...found.steps];
      links = [...links.filter((link) => found.links.every(({ ranks }) => ranks !== link.ranks)), ...found.links];
    }
    progress(1, 1);
    links = links.toSorted((a, b) => a.ranks - b.ranks);
    const two = links.find(({ ranks }) => ranks === 2);
    if (!two) throw new DataError('bench ranks: the model needs the links of 2 ranks; measure them with --ranks 2');
    const order = [...new Set(steps.map(({ name }) => name))];
    return {
      ...{ node: process.version, cores: availableParallelism(), ...about },
      steps: steps.toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name) || a.ranks - b.ranks),
      links,
      model: modelCurves(two),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The report in a file, to which another run adds rows; undefined where there is none. */
export function earlierReport(path: string | undefined): RanksReport | undefined {
  return path && existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}

function mpirun(ranks: number, args: readonly string[]): Promise<void> {
  const options = ['--allow-run-as-root', '--oversubscribe', '--bind-to', 'none', '-n', String(ranks)];
  const child = spawn('mpirun', [...options, process.execPath, '--import', 'tsx', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.on('error', () =>
      reject(new DataError('bench ranks: no mpirun; sudo apt-get install openmpi-bin libopenmpi-dev')),
    );
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new DataError(`bench ranks: mpirun ended with code ${code}`)),
    );
  });
}
