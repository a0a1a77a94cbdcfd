import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../src/io/node/atomicFile.js';
import { webgpu } from '../../src/tensor/webgpu.js';
import { formatTable } from '../../src/testing/formatTable.js';
import { newCommand, runCommand, wholeNumber } from '../commandLine.js';
import { divergence, evaluationGrid, METHODS, type StudyRow, studyLogS } from './logS.js';
import { drawStudy } from './logSPicture.js';
import { readFixture } from './mixture.js';

/** `npm run study:logs`: what the flow learns with and without log s. Rows that are there already are not run again. */
async function study({ out, steps: asked }: { out: string; steps?: string }): Promise<void> {
  const fixture = readFixture();
  const steps = asked === undefined ? fixture.training.steps : wholeNumber('--steps', asked);
  await mkdir(out, { recursive: true });
  const device = await webgpu();
  const rows: StudyRow[] = [];
  for (const method of METHODS) {
    const path = join(out, `${method}-${steps}.json`);
    if (!existsSync(path)) {
      const row = await studyLogS(method, fixture, device, steps, (step) =>
        process.stderr.write(`${method}: step ${step} of ${steps}\n`),
      );
      await writeFileAtomic(path, `${JSON.stringify(row)}\n`);
    }
    rows.push(JSON.parse(await readFile(path, 'utf8')) as StudyRow);
  }
  const grid = evaluationGrid(fixture);
  const klQ = divergence(grid, grid.logQ);
  const { pytorch_results: torch } = fixture;
  console.log(`${device.description}; ${steps} steps; KL(P||Q) = ${klQ.toFixed(3)}`);
  console.log(
    formatTable(
      ['log s', 'KL(P||G)', 'KL(P||sQG)', 'PyTorch, G', 'PyTorch, sQG', 's'],
      rows.map(({ method, klG, klSQG, seconds }) => [
        method,
        klG.toFixed(4),
        klSQG.toFixed(4),
        String(torch[method].KL_P_G),
        String(torch[method].KL_P_sQG),
        seconds.toFixed(0),
      ]),
    ),
  );
  const report = {
    device: device.description,
    node: process.version,
    klQ,
    rows: rows.map(({ g, sqg, ...numbers }) => numbers),
  };
  await writeFileAtomic(join(out, 'log-s.json'), `${JSON.stringify(report, null, 2)}\n`);
  await writeFileAtomic(join(out, 'log-s.svg'), drawStudy(rows, fixture, device.description));
  console.log(`${join(out, 'log-s.json')}, ${join(out, 'log-s.svg')}`);
}

const command = newCommand('study:logs')
  .description('Fits a RealNVP to a known density, with log s and without, and measures what it has learned.')
  .option('--steps <n>', "of each run, by default the recipe's 1800")
  .option('--out <folder>', 'for rows, table and picture', 'out/studies')
  .action(study);
await runCommand(command);
