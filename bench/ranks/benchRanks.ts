import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DataError } from '../../src/errors.js';
import { modelCurves, type RanksReport, type RanksTimes } from './report.js';

const PROGRAM = fileURLToPath(new URL('./program.ts', import.meta.url));
const SIZES = [1, 2, 4];

/** Times steps and their exchange on 1, 2 and 4 ranks, one number after the other. @throws DataError without `mpirun` */
export async function benchRanks(rounds: number, progress: (done: number, of: number) => void): Promise<RanksReport> {
  const folder = mkdtempSync(join(tmpdir(), 'wgrad-ranks-'));
  try {
    const measured: RanksTimes[] = [];
    for (const [i, size] of SIZES.entries()) {
      progress(i, SIZES.length);
      const file = join(folder, `${size}.json`);
      await mpirun(size, [PROGRAM, file, String(rounds)]);
      measured.push(JSON.parse(readFileSync(file, 'utf8')));
    }
    progress(1, 1);
    return {
      node: process.version,
      cores: availableParallelism(),
      rounds,
      measured,
      model: modelCurves(measured[0].link),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
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
