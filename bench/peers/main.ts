import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { newestChange } from '../../scripts/build.mjs';
import { ensureDependencies } from '../../scripts/dependencies.mjs';
import { DataError } from '../../src/errors.js';
import { writeFileAtomic } from '../../src/io/atomicFile.js';
import { LaneProcess } from './laneProcess.js';
import { laneSpecs } from './lanes.js';
import { measureRow } from './measureRow.js';
import { formatReport, OURS, peersOf, type Report, type RowResult, ratioOf } from './report.js';
import { allRows, type Row } from './rows.js';

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
  ensureDependencies(here);
  const specs = laneSpecs(flags.lanes);
  const lanes = specs.map((spec) => new LaneProcess(spec));
  try {
    let report = await openAll(lanes, options.capMs);
    const alive = lanes.filter((lane) => report.lanes.some(({ name }) => name === lane.spec.name));
    const done = flags.fresh ? [] : finished(report.key);
    const wanted = selectRows(flags, report.software);
    const left = wanted.filter(({ name }) => !done.some((r) => r.name === name));
    report = { ...report, rows: done };
    for (const [i, row] of left.entries()) {
      if (performance.now() > deadline) {
        console.log(`stopped after ${flags.minutes} minutes, ${left.length - i} rows are left: run the same again`);
        break;
      }
      for (const lane of alive) if (!lane.isOpen) await lane.ask({ ask: 'open' }, options.capMs);
      const outcomes = await measureRow(row, alive, options);
      const { name, family, flop, bytes } = row;
      report = { ...report, rows: [...report.rows, { name, family, flop, bytes, lanes: outcomes }] };
      await save(STATE, report);
      console.error(
        `${i + 1} of ${left.length}: ${name}, ratio ${ratioOf(report.rows.at(-1)!, peersOf(report))?.toFixed(2) ?? '-'}`,
      );
    }
    const shown = { ...report, rows: inOrder(report.rows, wanted) };
    console.log(formatReport(shown));
    if (flags.json) await save(flags.json, shown);
  } finally {
    for (const lane of lanes) lane.stop();
  }
}

/** Opens every lane; a peer that does not open is left out and said so, wgrad has to. */
async function openAll(lanes: readonly LaneProcess[], capMs: number): Promise<Report & { readonly software: boolean }> {
  let report: (Report & { software: boolean }) | undefined;
  const opened: Report['lanes'][number][] = [];
  for (const lane of lanes) {
    const { name, forScale = false } = lane.spec;
    const answer = await lane.ask({ ask: 'open' }, capMs);
    if (!('description' in answer)) {
      const reason = 'error' in answer ? answer.error : 'no answer';
      if (name === OURS) throw new DataError(`wgrad does not open: ${reason}`);
      console.error(`without ${name}: ${reason}`);
      continue;
    }
    const { description, software = false, ceilings = { gflops: 0, gbs: 0 } } = answer;
    opened.push({ name, description, forScale });
    if (name !== OURS) continue;
    const parts = [description, process.version, readFileSync(join(here, 'package-lock.json'), 'utf8')];
    const changed = Math.max(...['src', 'bench/peers/libraries'].map((folder) => newestChange(join(root, folder))));
    const key = createHash('sha256')
      .update(JSON.stringify([...parts, changed]))
      .digest('hex');
    report = { key, adapter: description, node: process.version, lanes: opened, ceilings, rows: [], software };
  }
  return report as Report & { software: boolean };
}

function selectRows({ filter, shard }: Flags, software: boolean): Row[] {
  const [, part, of] = /^([1-9]\d*)\/([1-9]\d*)$/.exec(shard) ?? [];
  if (!part || Number(part) > Number(of)) throw new DataError(`--shard ${shard}: expected I/N with I from 1 to N`);
  const rows = allRows().filter((row) => !(row.gpuOnly && software) && `${row.family} ${row.name}`.includes(filter));
  if (rows.length === 0) throw new DataError(`--filter ${filter}: no row contains it`);
  return rows.filter((_, i) => i % Number(of) === Number(part) - 1);
}

/** Rows of an earlier run on the same adapter, Node, peers and sources. */
function finished(key: string): readonly RowResult[] {
  if (!existsSync(STATE)) return [];
  const state = JSON.parse(readFileSync(STATE, 'utf8')) as Report;
  return state.key === key ? state.rows : [];
}

function inOrder(rows: readonly RowResult[], wanted: readonly Row[]): RowResult[] {
  return wanted.flatMap(({ name }) => rows.find((row) => row.name === name) ?? []);
}

async function save(file: string, { key, adapter, node, lanes, ceilings, rows }: Report): Promise<void> {
  mkdirSync(dirname(file), { recursive: true });
  await writeFileAtomic(file, `${JSON.stringify({ key, adapter, node, lanes, ceilings, rows }, null, 2)}\n`);
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
  .option('--cap <seconds>', 'the longest that a library may take for one answer', '120')
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
