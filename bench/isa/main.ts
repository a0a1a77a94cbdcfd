import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { DataError } from '../../src/errors.js';
import { writeFileAtomic } from '../../src/io/node/atomicFile.js';
import { addWorkloadOptions, newCommand, runCommand, wholeNumber } from '../commandLine.js';
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
  const subgroup =
    flags.subgroup === undefined ? undefined : flags.subgroup === '0' ? 0 : wholeNumber('--subgroup', flags.subgroup);
  const named = targets.map((target) => ({
    target,
    json: flags.json && pathFor(flags.json, '--json', target.gpu, targets.length),
    against: flags.against && readReport(pathFor(flags.against, '--against', target.gpu, targets.length)),
  }));
  const tools = prepareTools(new Set(targets.map(({ vendor }) => vendor)), (text) => console.log(`bench:isa: ${text}`));
  for (const { target, json, against } of named) {
    const { device, gpu, kernels, rows, failures, folder } = compileFor(target, work, tools, subgroup);
    if (rows.length === 0 && failures.length === 0) throw new DataError(`no op or case contains '${flags.only}'`);
    const report: IsaReport = {
      ...{ target: targetName(target), device, work: describeWork(work, subgroup), kernels: rows.map(savedRow) },
    };
    console.log(`${report.target}: ${device}; ${report.work}\n${tableOf(rows)}`);
    console.log(summaryOf(rows, failures.length));
    if (flags.fill && gpu) console.log(fillTable(thinDispatches(kernels, gpu), gpu));
    console.log(`listings: ${relative('.', folder)}/<file>.asm, beside .wgsl, .spv and .stats\n`);
    for (const { what, message } of failures) console.log(`failed: ${what}: ${message.split('\n')[0]}`);
    if (failures.length > 0) process.exitCode = 1;
    if (json) await writeFileAtomic(json, formatReport(report));
    if (!against) continue;
    if (against.target !== report.target) {
      throw new DataError(`--against: that is a run on ${against.target}, expected one on ${report.target}`);
    }
    if (against.device !== device) console.log(`compared with a run on ${against.device}`);
    const comparison = compareReports(against, report);
    console.log(formatComparison(comparison, against.work === report.work));
    if (comparison.worse.length > 0) process.exitCode = 1;
  }
}

function workOf(files: readonly string[], { bench, samples, step, only, assume, target: _, ...flags }: IsaFlags): Work {
  for (const file of files) if (!existsSync(file)) throw new DataError(`there is no file ${file}`);
  const isAsked = bench || samples || step || files.length > 0;
  const { model, loss, batch, width, size } = flags;
  const given = Object.entries({ model, loss, batch, width, size }).filter(([, value]) => value !== undefined);
  const workload: WorkloadFlags = Object.fromEntries(given);
  if (step) makeWorkload(workload); // whose errors belong here
  return {
    ...{ bench: bench ?? !isAsked, samples: samples ?? false, only, files: files.map((file) => resolve(file)) },
    ...(step && { step: workload }),
    ...(assume !== undefined && { assume: parseAssumption(assume) }),
  };
}

function parseAssumption(text: string): Work['assume'] {
  try {
    return JSON.parse(text);
  } catch {
    throw new DataError(`--assume ${text}: expected JSON such as {"vendor":"nvidia","architecture":"hopper"}`);
  }
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
  const failed = failures > 0 ? `, ${failures} failures` : '';
  return `${rows.length} kernels, ${spilling} spill, ${scratch} with scratch; compiled in ${seconds.toFixed(1)} s${failed}`;
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
