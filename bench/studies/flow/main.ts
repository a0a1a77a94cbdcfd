import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadedData } from '../../../pose/src/train/samples.js';
import { writeFileAtomic } from '../../../src/io/node/atomicFile.js';
import type { Device } from '../../../src/tensor/tensor.js';
import { webgpu } from '../../../src/tensor/webgpu.js';
import { formatTable } from '../../../src/testing/formatTable.js';
import { newCommand, runCommand, wholeNumber } from '../../commandLine.js';
import { keptRun, runAndKeep } from '../kept.js';
import { spreadText } from '../spread.js';
import { drawFigures, FIGURE_SETTINGS, type FigureLoss, type FigureRun, LOSSES, trainFigures } from './figureRuns.js';
import { formsFor } from './forms.js';
import { type LineRun, trainLine } from './lineRuns.js';
import { NOISES } from './noise.js';
import { drawFlow } from './picture.js';
import { FIGURE_MEASURES, figureRows, LINE_MEASURES, lineRows, type Row } from './summary.js';

interface Options {
  readonly out: string;
  readonly steps: string;
  readonly seeds: string;
  readonly figureSeeds: string;
  /** Nothing is run; what is there is reported. */
  readonly report?: boolean;
}

/** Either makes a run that is not there, or leaves it out. */
type Take = <Run extends { readonly seconds: number }>(
  name: readonly (string | number)[],
  make: () => Promise<Run>,
) => Promise<Run | undefined>;

/** `npm run study:flow`: losses with and without a flow under many kinds of noise. Runs that are there already are not run again. */
async function study({ out, report: isReport = false, ...asked }: Options): Promise<void> {
  const steps = wholeNumber('--steps', asked.steps);
  const [seeds, figureSeeds] = [wholeNumber('--seeds', asked.seeds), wholeNumber('--figure-seeds', asked.figureSeeds)];
  const folder = join(out, 'flow');
  await mkdir(folder, { recursive: true });
  const device = await webgpu();
  const take: Take = async (name, make) => {
    const kept = await keptRun<Awaited<ReturnType<typeof make>>>(folder, name);
    return kept ?? (isReport ? undefined : runAndKeep(folder, name, make));
  };
  const line = lineRows(await lineRuns(take, steps, seeds, device));
  const figures = figureRows(await figureRuns(take, figureSeeds, device));
  console.log(`${device.description}; ${steps} steps: means over the seeds, and in brackets the range`);
  console.log(tableOf(line, LINE_MEASURES, 1, 3));
  console.log(tableOf(figures, FIGURE_MEASURES, 100, 1));
  const result = { device: device.description, node: process.version, steps, line, figures };
  await writeFileAtomic(join(out, 'flow-pays.json'), `${JSON.stringify(result, null, 2)}\n`);
  await writeFileAtomic(join(out, 'flow-pays.svg'), drawFlow(line, figures));
  console.log(`${join(out, 'flow-pays.json')}, ${join(out, 'flow-pays.svg')}`);
}

/** Seed by seed, so that a study that is stopped has all losses of some seeds. */
async function lineRuns(take: Take, steps: number, seeds: number, device: Device): Promise<LineRun[]> {
  const runs: LineRun[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    for (const noise of NOISES) {
      for (const form of formsFor(noise.name)) {
        const name = ['line', noise.name, form.name, seed, steps];
        const run = await take(name, () => trainLine(form, noise, seed, steps, device));
        if (run) runs.push(run);
      }
    }
  }
  return runs;
}

async function figureRuns(take: Take, seeds: number, device: Device): Promise<FigureRun[]> {
  const runs: FigureRun[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    for (const setting of FIGURE_SETTINGS) {
      let data: LoadedData | undefined;
      for (const form of Object.keys(LOSSES) as FigureLoss[]) {
        const run = await take(['figures', setting.name, form, seed], async () => {
          data ??= await drawFigures(setting);
          return trainFigures(setting, form, seed, data, device);
        });
        if (run) runs.push(run);
      }
    }
  }
  return runs;
}

function tableOf<M extends string>(rows: readonly Row<M>[], measures: readonly M[], unit: number, digits: number) {
  return formatTable(
    ['noise', 'loss', 'seeds', ...measures],
    rows.map(({ noise, form, seeds, measures: of }) => [
      noise,
      form,
      String(seeds),
      ...measures.map((measure) => {
        const spread = of[measure];
        return spread ? spreadText(spread, unit, digits) : '';
      }),
    ]),
  );
}

const command = newCommand('study:flow')
  .description('Fits the same networks by losses with a flow and without one to labels with noise of many kinds.')
  .option('--steps <n>', 'of each fit along the line', '400')
  .option('--seeds <n>', 'fits of each loss along the line', '5')
  .option('--figure-seeds <n>', 'networks of each loss on figures', '3')
  .option('--report', 'run nothing, and report on the runs that are there')
  .option('--out <folder>', 'for runs, tables and picture', 'out/studies')
  .action(study);
await runCommand(command);
