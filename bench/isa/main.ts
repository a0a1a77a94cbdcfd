import { statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { DataError } from '../../src/errors.js';
import { counted } from '../../src/io/counted.js';
import { writeFileAtomic } from '../../src/io/node/atomicFile.js';
import type { Capabilities } from '../../src/tensor/backend.js';
import { addWorkloadOptions, newCommand, runCommand } from '../commandLine.js';
import { describeWorkload, makeWorkload, type WorkloadFlags } from '../trainingStep.js';
import type { Work } from './collect.js';
import { compareReports, formatComparison } from './compare.js';
import { fillTable, thinDispatches } from './fill.js';
import { formatReport, type IsaReport, readReport, savedRow, tableOf } from './report.js';
import { compileFor } from './run.js';
import { parseTargets, targetName } from './targets.js';
import { prepareTools } from './tools.js';

interface IsaFlags extends WorkloadFlags {
  readonly target: string;
  readonly bench?: boolean;
  readonly samples?: boolean;
  readonly step?: boolean;
  readonly fill?: boolean;
  readonly only: string;
  readonly subgroup?: string;
  readonly assume?: string;
  readonly json?: string;
  readonly against?: string;
}

/** `npm run bench:isa [file.wgsl...]`; the exit code is 1 if a kernel did not compile, or is worse than in `--against`. */
async function benchIsa(files: string[], flags: IsaFlags): Promise<void> {
  const targets = parseTargets(flags.target);
  const work = workOf(files, flags);
  const subgroup = parseSubgroup(flags.subgroup);
  const named = targets.map((target) => ({
    target,
    json: flags.json && pathFor(flags.json, '--json', target.gpu, targets.length),
    against:
      flags.against && readReport(pathFor(flags.against, '--against', target.gpu, targets.length), targetName(target)),
  }));
  const tools = prepareTools(new Set(targets.map(({ vendor }) => vendor)), (text) => console.log(`bench:isa: ${text}`));
  for (const { target, json, against } of named) {
    const { device, gpu, kernels, rows, failures, folder } = compileFor(target, work, tools, subgroup);
    if (rows.length === 0 && failures.length === 0) throw new DataError(`no op or case contains '${flags.only}'`);
    const report: IsaReport = {
      ...{ target: targetName(target), device, work: describeWork(work, subgroup), kernels: rows.map(savedRow) },
    };
    console.log(`${report.target}: ${device}; ${report.work}`);
    if (rows.length > 0) console.log(tableOf(rows));
    console.log(summaryOf(rows, failures.length));
    if (flags.fill && gpu) console.log(fillTable(thinDispatches(kernels, gpu), gpu));
    console.log(`listings: ${relative('.', folder)}/<file>.asm, beside .wgsl, .spv and .stats\n`);
    for (const { what, message } of failures) console.log(`failed: ${what}: ${message.split('\n')[0]}`);
    if (failures.length > 0) process.exitCode = 1;
    if (json) await writeFileAtomic(json, formatReport(report));
    if (!against) continue;
    if (against.device !== device) console.log(`compared with a run on ${against.device}`);
    const comparison = compareReports(against, report);
    console.log(formatComparison(comparison, against.work === report.work));
    if (comparison.worse.length > 0) process.exitCode = 1;
  }
}

function workOf(files: readonly string[], flags: IsaFlags): Work {
  for (const file of files) {
    const there = statSync(file, { throwIfNoEntry: false });
    if (!there) throw new DataError(`there is no file ${resolve(file)}`);
    if (there.isDirectory()) throw new DataError(`${file} is a folder, expected a WGSL file`);
  }
  const { bench, samples, step, fill, only, assume, model, loss, batch, width, size } = flags;
  const areFilesAlone = files.length > 0 && !bench && !samples && !step;
  const ofOps = Object.entries({ '--fill': fill, '--only': only, '--assume': assume }).find(([, value]) => value);
  if (areFilesAlone && ofOps)
    throw new DataError(`${ofOps[0]}: says nothing of files; add --bench, --samples or --step`);
  const given = Object.entries({ model, loss, batch, width, size }).filter(([, value]) => value !== undefined);
  if (given.length > 0 && !step) throw new DataError(`--${given[0][0]}: tells of a training step; add --step`);
  const workload: WorkloadFlags = Object.fromEntries(given);
  if (step) makeWorkload(workload); // whose errors belong here
  return {
    ...{ bench: bench ?? !(samples || step || areFilesAlone), samples: samples ?? false, only },
    files: files.map((file) => resolve(file)),
    ...(step && { step: workload }),
    ...(assume !== undefined && { assume: parseAssumption(assume) }),
  };
}

/** What may be assumed of an adapter, each with a value of its kind. */
const ASSUMABLE: Required<Omit<Capabilities, 'choices'>> = {
  ...{ tier: 'gpu', vendor: 'nvidia', architecture: 'hopper', subgroupSize: 32, narrowSubgroup: 8 },
  ...{ float16: true, timestamps: true, maxBindingBytes: 2 ** 31 },
};

function parseAssumption(text: string): Work['assume'] {
  let assumed: unknown;
  try {
    assumed = JSON.parse(text);
  } catch {
    // What is no JSON is no object either.
  }
  if (typeof assumed !== 'object' || assumed === null || Array.isArray(assumed)) {
    throw new DataError(`--assume ${text}: expected JSON such as {"vendor":"nvidia","architecture":"hopper"}`);
  }
  for (const [name, value] of Object.entries(assumed)) {
    const like = Object.entries(ASSUMABLE).find(([known]) => known === name)?.[1];
    if (like === undefined) {
      throw new DataError(`--assume: there is no ${name}; expected some of ${Object.keys(ASSUMABLE).join(', ')}`);
    }
    if (typeof value !== typeof like) {
      throw new DataError(`--assume: ${name} is ${JSON.stringify(value)}, expected a ${typeof like}`);
    }
  }
  return assumed;
}

/** @throws DataError for what no subgroup has; whether the GPU has it is known once it is open */
function parseSubgroup(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!['0', '4', '8', '16', '32', '64', '128'].includes(text)) {
    throw new DataError(`--subgroup ${text}: expected 0, or a power of two from 4 to 128`);
  }
  return Number(text);
}

/** A file name with `*` in it stands for one file per target. */
function pathFor(pattern: string, option: string, gpu: string, targets: number): string {
  if (targets > 1 && !pattern.includes('*')) {
    throw new DataError(
      `${option} ${pattern}: expected a * in it, which stands for the GPU, because there are several targets`,
    );
  }
  return pattern.replace('*', gpu);
}

function describeWork({ bench, samples, step, files, only, assume }: Work, subgroup: number | undefined): string {
  const parts = [
    ...(bench ? ['bench cases'] : []),
    ...(samples ? ['samples'] : []),
    ...(step ? [`a training step: ${describeWorkload(makeWorkload(step))}`] : []),
    ...files.map((file) => relative('.', file)),
  ];
  const which = only ? ` whose op or case contains '${only}'` : '';
  const size = subgroup === undefined ? '' : `; subgroups ${subgroup === 0 ? 'as the driver likes' : `of ${subgroup}`}`;
  return `${parts.join(', ')}${which}${size}${assume ? `; assuming ${JSON.stringify(assume)}` : ''}`;
}

function summaryOf(rows: ReturnType<typeof compileFor>['rows'], failures: number): string {
  const spilling = rows.filter(({ spills, fills, waves }) => spills > 0 || (waves === undefined && fills > 0)).length;
  const scratch = rows.filter((row) => row.scratch > 0).length;
  const seconds = rows.reduce((sum, { compileMs }) => sum + compileMs, 0) / 1000;
  const failed = failures > 0 ? `, ${counted(failures, 'failure')}` : '';
  return `${counted(rows.length, 'kernel')}, ${spilling} spill, ${scratch} with scratch; compiled in ${seconds.toFixed(1)} s${failed}`;
}

const program = newCommand('bench:isa')
  .description("what the compilers of AMD's and Intel's GPUs make of kernels, without the GPU (docs/kernels.md)")
  .argument('[file.wgsl...]', 'WGSL files to compile')
  .option('--target <list>', 'GPUs: amd:navi31, amd:mi200, intel:dg2, ...', 'amd:navi31')
  .option('--bench', 'the bench cases of every op; the default where nothing else is named')
  .option('--samples', 'the samples of every op: odd shapes, all variants')
  .option('--step', 'a whole training step, of the workload below')
  .option('--fill', 'list the dispatches that have fewer than two waves for each processor')
  .option('--only <text>', 'ops and cases that contain it', '')
  .option('--subgroup <n>', 'lanes of a subgroup instead of what Dawn asks for; 0 leaves them to the driver')
  .option('--assume <json>', 'capabilities to assume: the kernels that another adapter would get')
  .option('--json <file>', 'write the rows as JSON; * in the name stands for the GPU')
  .option('--against <file>', 'compare with a file that --json has written; exit code 1 if a kernel got worse')
  .action(benchIsa);
addWorkloadOptions(program);

await runCommand(program);
