import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { newestChange } from '../../scripts/build.mjs';
import { ensureDependencies } from '../../scripts/dependencies.mjs';
import { DataError } from '../../src/errors.js';
import { LaneProcess } from './laneProcess.js';
import { laneSpecs } from './lanes.js';
import { measureRow } from './measureRow.js';
import type { Place } from './protocol.js';
import { formatReport, OURS, peersOf, type Report, type RowResult, ratioOf } from './report.js';
import type { Row } from './rows.js';
import { checkReport, finishedRows, saveReport } from './savedReport.js';
import { selectRows } from './selectRows.js';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
/** Rows that are done, by which a run that was cut off goes on. */
const STATE = join(root, 'out/bench-peers.json');

interface Flags {
  readonly filter: string;
  readonly lanes?: string;
  readonly shard: string;
  readonly minutes?: string;
  readonly cap: string;
  readonly rounds: string;
  readonly json?: string;
  readonly fresh?: boolean;
}

/** `npm run bench:peers`: the same work in wgrad and in its peers, side by side on one adapter. */
async function run(flags: Flags): Promise<void> {
  const started = performance.now();
  const deadline = flags.minutes ? started + 60_000 * positive('--minutes', flags.minutes) : Number.POSITIVE_INFINITY;
  const options = { capMs: 1000 * positive('--cap', flags.cap), rounds: positive('--rounds', flags.rounds) };
  selectRows(flags, false); // so that a mistake shows before anything is installed or opened
  if (flags.json) await checkReport(flags.json);
  ensureDependencies(here);
  const specs = laneSpecs(flags.lanes);
  const lanes = specs.map((spec) => new LaneProcess(spec));
  try {
    const opened = await openAll(lanes, options.capMs);
    let { report } = opened;
    const alive = lanes.filter((lane) => report.lanes.some(({ name }) => name === lane.spec.name));
    const wanted = selectRows(flags, opened.software);
    const again = new Set(flags.fresh ? wanted.map(({ name }) => name) : []);
    const done = finishedRows(STATE, report.key).filter(({ name }) => !again.has(name));
    const left = wanted.filter(({ name }) => !done.some((r) => r.name === name));
    report = { ...report, rows: done };
    for (const [i, row] of left.entries()) {
      if (performance.now() > deadline) {
        console.log(`stopped after ${flags.minutes} minutes, ${left.length - i} rows are left: run the same again`);
        break;
      }
      for (const lane of alive) if (!lane.isOpen) await lane.ask({ ask: 'open' }, options.capMs);
      const onStage = (what: string) => showStage(`${i + 1} of ${left.length}: ${row.name}, ${what}`);
      const outcomes = await measureRow(row, alive, { ...options, onStage });
      showStage('');
      const { name, family, flop, bytes } = row;
      report = { ...report, rows: [...report.rows, { name, family, flop, bytes, lanes: outcomes }] };
      await saveReport(STATE, report);
      console.error(
        `${i + 1} of ${left.length}: ${name}, ratio ${ratioOf(report.rows.at(-1)!, peersOf(report))?.toFixed(2) ?? '-'}`,
      );
    }
    const shown = { ...report, rows: inOrder(report.rows, wanted) };
    console.log(formatReport(shown));
    if (flags.json) await saveReport(flags.json, shown);
  } finally {
    for (const lane of lanes) lane.stop();
  }
}

/** Opens every lane. A peer that does not open is left out, with a message; wgrad must open. */
async function openAll(lanes: readonly LaneProcess[], capMs: number): Promise<{ report: Report; software: boolean }> {
  const opened: Report['lanes'][number][] = [];
  let ours: Place | undefined;
  for (const lane of lanes) {
    const { name, forScale = false } = lane.spec;
    const answer = await lane.ask({ ask: 'open' }, capMs);
    if ('description' in answer) {
      opened.push({ name, description: answer.description, forScale });
      if (name === OURS) ours = answer;
      else if (answer.isAdapter && answer.description !== ours?.description)
        throw new DataError(`${name} computes on ${answer.description}, wgrad on ${ours?.description}`);
    } else {
      const reason = 'error' in answer ? answer.error : 'no answer';
      if (name === OURS) throw new DataError(`wgrad does not open: ${reason}`);
      console.error(`without ${name}: ${reason}`);
    }
  }
  const { description: adapter, ceilings = { gflops: 0, gbs: 0 }, software = false } = ours!;
  const key = keyOf([adapter, ...opened.map(({ name }) => name)]);
  const versions = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')).dependencies;
  return { report: { key, adapter, node: process.version, versions, lanes: opened, ceilings, rows: [] }, software };
}

/** A text that changes with whatever makes earlier rows stale. */
function keyOf(places: readonly string[]): string {
  const changed = Math.max(...['src', 'bench/peers/libraries'].map((folder) => newestChange(join(root, folder))));
  const parts = [...places, process.version, readFileSync(join(here, 'package-lock.json'), 'utf8'), changed];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

function inOrder(rows: readonly RowResult[], wanted: readonly Row[]): RowResult[] {
  return wanted.flatMap(({ name }) => rows.find((row) => row.name === name) ?? []);
}

/** On the line that the next stage, or the row's result, takes the place of. */
function showStage(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
}

function positive(flag: string, text: string): number {
  if (!(Number(text) > 0)) throw new DataError(`${flag} ${text}: expected a number above 0`);
  return Number(text);
}

const program = new Command('bench:peers')
  .description('time wgrad against other libraries on this adapter; goes on where an earlier run stopped')
  .option('--filter <text>', 'rows whose family or name contains it', '')
  .option('--lanes <names>', 'only these, separated by commas; wgrad always takes part')
  .option('--shard <i/n>', 'every n-th row, from the i-th on', '1/1')
  .option('--minutes <n>', 'begin no row after so many minutes')
  .option('--cap <seconds>', 'the longest that a library may take for one sample; four times that to compile', '120')
  .option('--rounds <n>', 'samples of each library', '9')
  .option('--fresh', 'measure again what is done')
  .option('--json <file>', 'write the rows as JSON')
  .exitOverride()
  .showSuggestionAfterError();

try {
  await run(program.parse().opts<Flags>());
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    process.stderr.write(`bench:peers: ${(error as Error).message}\n`);
    process.exitCode = 2;
  }
}
