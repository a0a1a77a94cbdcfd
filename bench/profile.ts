import { DataError } from '../src/errors.js';
import { writeFileAtomic } from '../src/io/node/atomicFile.js';
import type { Profile } from '../src/tensor/profile.js';
import { webgpu } from '../src/tensor/webgpu.js';
import { addWorkloadOptions, newCommand, runCommand, wholeNumber } from './commandLine.js';
import { formatProfile, GROUPINGS, type Grouping, milliseconds, profileRows } from './profileTable.js';
import { median } from './quantile.js';
import { traceOf } from './trace.js';
import { describeWorkload, makeWorkload, trainingStep, type WorkloadFlags } from './trainingStep.js';

const WARM_UP = 3;

interface ProfileFlags extends WorkloadFlags {
  readonly steps: string;
  readonly by: string;
  readonly trace?: string;
  readonly json?: string;
}

/** `npm run profile`: the time of a training step by kernel, and a trace of device and host. */
async function profileStep({ steps: count, by, trace, json, ...flags }: ProfileFlags): Promise<void> {
  const steps = wholeNumber('--steps', count);
  if (!GROUPINGS.includes(by as Grouping)) throw new DataError(`--by ${by}: expected one of ${GROUPINGS.join(', ')}`);
  const workload = makeWorkload(flags);
  const device = await webgpu();
  try {
    const enqueue = trainingStep(device, workload);
    const step = async () => {
      const start = performance.now();
      enqueue().dispose();
      await device.finished();
      return performance.now() - start;
    };
    for (let i = 0; i < WARM_UP; i++) await step();
    const plain: number[] = [];
    for (let i = 0; i < steps; i++) plain.push(await step());
    const profile = await device.profile(async () => {
      for (let i = 0; i < steps; i++) await step();
    });
    const rows = profileRows(profile.dispatches, by as Grouping, steps);
    const about = { device: device.description, node: process.version, workload: describeWorkload(workload) };
    const summary = { steps, stepMs: median(plain), ...totals(profile, steps) };
    console.log(`${about.device}, node ${about.node}\n${about.workload}; per step, mean of ${steps}`);
    console.log(formatProfile(rows));
    console.log(
      `without timestamps a step takes ${summary.stepMs.toFixed(1)} ms (median); with them dispatches take ` +
        `${summary.deviceMs.toFixed(1)} ms, and the host encodes for ${summary.hostMs.toFixed(1)} ms meanwhile`,
    );
    if (json) await writeFileAtomic(json, `${JSON.stringify({ ...about, ...summary, rows }, null, 2)}\n`);
    if (trace) {
      await writeFileAtomic(trace, `${JSON.stringify(traceOf(profile, about))}\n`);
      console.log(`${trace}: open it in chrome://tracing or ui.perfetto.dev`);
    }
  } finally {
    device.destroy();
  }
}

/** Milliseconds per step. A submit that lies within an op counts with the op. */
function totals({ dispatches, host }: Profile, steps: number) {
  let covered = Number.NEGATIVE_INFINITY;
  const outer = host.filter(({ start, end }) => {
    const inside = start < covered;
    covered = Math.max(covered, end);
    return !inside;
  });
  return { deviceMs: milliseconds(dispatches) / steps, hostMs: milliseconds(outer) / steps };
}

await runCommand(
  addWorkloadOptions(newCommand('profile'))
    .description('time by kernel of a training step of the main job')
    .option('--steps <n>', 'steps to profile', '3')
    .option('--by <grouping>', `what a row adds up: ${GROUPINGS.join(' or ')}`, 'kernel')
    .option('--trace <file>', 'write a trace for chrome://tracing and ui.perfetto.dev')
    .option('--json <file>', 'write the rows as JSON')
    .action(profileStep),
);
