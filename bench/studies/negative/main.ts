import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../../src/io/node/atomicFile.js';
import { webgpu } from '../../../src/tensor/webgpu.js';
import { formatTable } from '../../../src/testing/formatTable.js';
import { newCommand, runCommand, wholeNumber } from '../../commandLine.js';
import { keptRun, runAndKeep } from '../kept.js';
import { type Spread, spreadText } from '../spread.js';
import { FEW, FORMS, type Form } from './forms.js';
import { lineTask } from './line.js';
import { drawNegative } from './picture.js';
import { picturesTask } from './pictures.js';
import { type Run, type Setting, train } from './runs.js';
import { type Row, summarise } from './summary.js';

interface Planned extends Omit<Setting, 'steps'> {
  readonly forms: readonly Form[];
  /** Steps in multiples of the usual number. */
  readonly longer?: number;
}

/** What is run where: all forms with sharp labels, few of them where it asks when the sum runs away. */
async function settings(): Promise<readonly Planned[]> {
  const sharp = lineTask({ least: 0.0005, most: 0.005 });
  const blurred = lineTask({ least: 0.01, most: 0.1 });
  return [
    { name: 'sgd', task: sharp, optimiser: 'sgd', batch: 32, forms: FORMS },
    { name: 'adamW', task: sharp, optimiser: 'adamW', batch: 32, forms: FORMS },
    { name: 'blurred', task: blurred, optimiser: 'sgd', batch: 32, forms: FEW },
    { name: 'few scenes', task: blurred, optimiser: 'sgd', batch: 32, scenes: 48, forms: FEW },
    { name: 'figures', task: await picturesTask(), optimiser: 'adamW', batch: 32, forms: FEW, longer: 2 },
  ];
}

interface Options {
  readonly out: string;
  readonly steps: string;
  readonly seeds: string;
}

/** `npm run study:negative`: a weighted sum with RLE in it. Runs that are there already are not run again. */
async function study({ out, ...asked }: Options): Promise<void> {
  const usual = wholeNumber('--steps', asked.steps);
  const seeds = wholeNumber('--seeds', asked.seeds);
  const folder = join(out, 'negative');
  await mkdir(folder, { recursive: true });
  const device = await webgpu();
  const runs: Run[] = [];
  for (const { forms, longer = 1, ...setting } of await settings()) {
    const steps = longer * usual;
    for (let seed = 1; seed <= seeds; seed++) {
      for (const form of forms) {
        const name = [setting.name, form.name, seed, steps];
        const make = () => train(form, { ...setting, steps }, seed, device);
        runs.push((await keptRun<Run>(folder, name)) ?? (await runAndKeep(folder, name, make)));
      }
    }
  }
  const rows = summarise(runs);
  console.log(`${device.description}; ${usual} steps, ${seeds} seeds: means, and in brackets the range`);
  console.log(tableOf(rows));
  const report = { device: device.description, node: process.version, steps: usual, rows };
  await writeFileAtomic(join(out, 'negative-loss.json'), `${JSON.stringify(report, null, 2)}\n`);
  await writeFileAtomic(join(out, 'negative-loss.svg'), drawNegative(runs, rows, device.description));
  console.log(`${join(out, 'negative-loss.json')}, ${join(out, 'negative-loss.svg')}`);
}

function tableOf(rows: readonly Row[]): string {
  const percent = (of: Spread | undefined, digits: number) => (of ? spreadText(of, 100, digits) : '');
  return formatTable(
    ['setting', 'form', 'joints %', 'boxes %', 'class %', 'in 50 %', 'in 90 %', 'last RLE', 'most |g|', 'd/dmu x r'],
    rows.map((row) => [
      row.setting,
      row.form,
      percent(row.jointError, 3),
      percent(row.boxError, 3),
      percent(row.classAccuracy, 1),
      percent(row.half, 0),
      percent(row.ninety, 0),
      row.lastRle.mean.toFixed(2),
      row.rleNorm.mean.toFixed(0),
      row.pull.mean.toFixed(2),
    ]),
  );
}

const command = newCommand('study:negative')
  .description(
    'Trains a weighted sum, as of a detector, with RLE in many forms, and measures what each does to the others.',
  )
  .option('--steps <n>', 'of each run', '500')
  .option('--seeds <n>', 'runs of each form', '3')
  .option('--out <folder>', 'for runs, table and picture', 'out/studies')
  .action(study);
await runCommand(command);
