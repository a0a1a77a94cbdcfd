import type { TrainFlags } from '../pose/src/train/config.js';
import { DataError } from '../src/errors.js';
import { writeFileAtomic } from '../src/io/node/atomicFile.js';
import { webgpu } from '../src/tensor/webgpu.js';
import { type BenchRow, benchEntries, benchOp } from '../src/testing/bench.js';
import { type BenchReport, formatBenchReport } from '../src/testing/benchReport.js';
import { measureCeilings } from '../src/testing/ceilings.js';
import { formatTable } from '../src/testing/formatTable.js';
import { Stopwatch } from '../src/testing/stopwatch.js';
import { addWorkloadOptions, newCommand, runCommand, wholeNumber } from './commandLine.js';
import { benchLadders, LADDERS } from './ladder/benchLadders.js';
import { formatLadders, writeNumbers } from './ladder/numbers.js';
import { benchRanks, earlierReport } from './ranks/benchRanks.js';
import { drawRanks } from './ranks/picture.js';
import { formatRanks } from './ranks/report.js';
import { benchScaling, formatScaling } from './scaling.js';
import { drawScaling } from './scalingPicture.js';
import { benchStep, formatStep } from './step.js';
import { timeCalls } from './timeCalls.js';
import type { WorkloadFlags } from './trainingStep.js';

const HEADER = ['op', 'case', 'p50 ms', 'p99 ms', 'GFLOP/s', 'GB/s', 'of FMA', 'of copy', 'checked'];

interface RanksFlags {
  readonly ranks: string;
  readonly rounds: string;
  readonly only?: string;
  readonly json?: string;
  readonly svg?: string;
}

const CLOCKS = {
  timestamps: 'It is from the first kernel\u2019s start to the last one\u2019s end, by the timestamps of the device.',
  host: 'It is until the queue is empty, by the clock of the host.',
} as const;

function cells(row: BenchRow): string[] {
  const percent = (x: number) => `${(100 * x).toFixed(0)} %`;
  return [
    row.op,
    row.name,
    row.p50.toFixed(3),
    row.p99.toFixed(3),
    row.gflops.toFixed(1),
    row.gbs.toFixed(1),
    percent(row.ofFma),
    percent(row.ofCopy),
    row.checked,
  ];
}

/** `npm run bench [filter]`: every bench case of every op, checked first. */
async function benchOps(filter: string, { json, time }: { json?: string; time: string }): Promise<void> {
  const entries = benchEntries(filter);
  if (entries.length === 0) throw new DataError(`no bench case contains '${filter}'`);
  if (!(Number(time) > 0)) throw new DataError(`--time is a number of milliseconds above 0, got '${time}'`);
  const device = await webgpu();
  console.log(`${device.description}, node ${process.version}`);
  const ceilings = await measureCeilings(device);
  console.log(`ceilings: ${ceilings.gflops.toFixed(1)} GFLOP/s by FMA, ${ceilings.gbs.toFixed(1)} GB/s by copy`);
  const stopwatch = new Stopwatch(device);
  const rows: BenchRow[] = [];
  const failures: string[] = [];
  for (const entry of entries) {
    const title = `${entry.cases.op.def.name}, ${entry.bench.name}`;
    showProgress(rows.length, entries.length, title);
    try {
      rows.push(await benchOp(entry, device, ceilings, (run) => timeCalls(run, stopwatch, Number(time))));
    } catch (error) {
      failures.push(`failed: ${title}: ${(error as Error).message}`);
    }
  }
  showProgress(entries.length, entries.length);
  console.log(formatTable(HEADER, rows.map(cells)));
  const { clock } = stopwatch;
  console.log(`A time is that of repeated calls, by call; nothing is read back. ${CLOCKS[clock]}`);
  for (const failure of failures) console.log(failure);
  if (json) {
    const runtime = `Node ${process.version}`;
    const report: BenchReport = { device: device.description, runtime, clock, ceilings, rows, failures };
    await writeFileAtomic(json, formatBenchReport(report));
  }
  device.destroy();
  process.exitCode = failures.length > 0 ? 1 : 0;
}

interface LadderFlags {
  readonly rounds: string;
  readonly json?: string;
  readonly readme?: string;
}

const program = newCommand('bench');
program
  .command('ops', { isDefault: true })
  .description('time the ops on the shapes of real models')
  .argument('[filter]', 'part of the name of an op or of a case', '')
  .option('--json <file>', 'write the rows as JSON')
  .option('--time <ms>', 'how long to measure a case', '300')
  .action(benchOps);
program
  .command('step')
  .description('time the training step of the main job and one prediction')
  .option('--loss <name>', 'as of `wgrad-pose start`')
  .option('--batch <n>', 'images per step')
  .option('--width <n>', 'channels of the first stage')
  .option('--size <pixels>', "side of the network's input")
  .option('--precision <name>', 'as of `wgrad-pose start`; mixed is timed beside float32')
  .option('--steps <n>', 'steps to time', '20')
  .option('--json <file>', 'write the report as JSON')
  .action(async ({ json, steps, ...flags }: TrainFlags & { json?: string; steps: string }) => {
    const report = await benchStep(flags, wholeNumber('--steps', steps));
    console.log(formatStep(report));
    if (json) await writeFileAtomic(json, `${JSON.stringify(report, null, 2)}\n`);
  });
program
  .command('ranks')
  .description('the exchange of gradients between ranks here, and a model of more')
  .option('--ranks <list>', 'how many', '1,2,4')
  .option('--rounds <n>', 'steps to time', '9')
  .option('--only <name>', 'steps whose name has this part; links: MPI and the passes of the host, no steps')
  .option('--json <file>', 'write the report as JSON; rows of a report that is there stay')
  .option('--svg <file>', 'draw the model')
  .action(async ({ ranks, rounds, only, json, svg }: RanksFlags) => {
    const sizes = ranks.split(',').map((size) => wholeNumber('--ranks', size));
    const options = { sizes, rounds: wholeNumber('--rounds', rounds), ...(only && { only }) };
    const report = await benchRanks(options, earlierReport(json), showProgress);
    console.log(formatRanks(report));
    if (json) await writeFileAtomic(json, `${JSON.stringify(report, null, 2)}\n`);
    if (svg) await writeFileAtomic(svg, drawRanks(report));
  });
addWorkloadOptions(program.command('scaling'))
  .description('how the time of a training step grows with batch, image, width and depth')
  .option('--rounds <n>', 'steps to time of each workload', '9')
  .option('--json <file>', 'write the report as JSON')
  .option('--svg <file>', 'draw it')
  .action(async ({ rounds, json, svg, ...flags }: WorkloadFlags & { rounds: string; json?: string; svg?: string }) => {
    const report = await benchScaling(flags, wholeNumber('--rounds', rounds), showProgress);
    console.log(formatScaling(report));
    if (json) await writeFileAtomic(json, `${JSON.stringify(report, null, 2)}\n`);
    if (svg) await writeFileAtomic(svg, drawScaling(report));
  });

program
  .command('ladder')
  .description('climb from the naive kernel to the one that ships')
  .argument('[name]', `one of ${LADDERS.map(({ name }) => name).join(', ')}; default all`)
  .option('--rounds <n>', 'samples of each rung, in turns', '9')
  .option('--json <file>', 'write the report as JSON')
  .option('--readme <file>', "replace the tables in the lesson's text")
  .action(async (name: string | undefined, { rounds, json, readme }: LadderFlags) => {
    const report = await benchLadders(name, wholeNumber('--rounds', rounds));
    console.log(formatLadders(report));
    if (json) await writeFileAtomic(json, `${JSON.stringify(report, null, 2)}\n`);
    if (readme) await writeNumbers(readme, report);
  });

/** Shows progress on one line of a terminal; at the end the line is cleared. */
function showProgress(done: number, of: number, what = ''): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(done < of ? `\r\x1b[K${done + 1} of ${of}${what && `: ${what}`}` : '\r\x1b[K');
}

await runCommand(program);
