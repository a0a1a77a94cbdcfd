import type { Capabilities } from '../src/tensor/backend.js';
import { webgpu } from '../src/tensor/webgpu.js';
import type { WebGpuDevice } from '../src/tensor/webgpuDevice.js';
import { formatTable } from '../src/testing/formatTable.js';
import { type Fit, fitPower } from './fit.js';
import { median, quantile } from './quantile.js';
import {
  describeWorkload,
  MODELS,
  type ModelName,
  makeWorkload,
  trainingStep,
  type Workload,
  type WorkloadFlags,
} from './trainingStep.js';

/** How the time of a step grows along one property of the workload, all others fixed. */
export interface AxisReport {
  readonly axis: AxisName;
  readonly points: readonly ScalingPoint[];
  readonly fit: Fit;
}

export interface ScalingPoint {
  readonly value: number;
  /** Median and quartiles of a step in milliseconds. */
  readonly ms: number;
  readonly lower: number;
  readonly upper: number;
  readonly dispatches: number;
}

export interface ScalingReport {
  readonly device: string;
  readonly node: string;
  readonly base: string;
  readonly rounds: number;
  readonly axes: readonly AxisReport[];
}

/**
 * The power with which the arithmetic grows: 1 for the batch and the layers, 2 for the sides of the image and the width.
 */
const EXPONENTS = { batch: 1, size: 2, width: 2, depth: 1 } as const;
export type AxisName = keyof typeof EXPONENTS;

/** Ranges that fit the time and the memory of the adapter; the depths are those of the published networks. */
const RANGES: Readonly<Record<'software' | 'gpu', { base: WorkloadFlags; axes: Record<AxisName, readonly number[]> }>> =
  {
    software: {
      base: { batch: '8', size: '64', width: '16' },
      axes: { batch: [2, 4, 8, 16, 32], size: [32, 48, 64, 96, 128], width: [8, 16, 24, 32, 48], depth: depths() },
    },
    gpu: {
      base: { batch: '32', size: '128', width: '64' },
      axes: {
        batch: [8, 16, 32, 64, 128],
        size: [64, 96, 128, 192, 256],
        width: [16, 32, 64, 96, 128],
        depth: depths(),
      },
    },
  };

const WARM_UP = 2;

function depths(): number[] {
  return Object.values(MODELS);
}

/**
 * Times training steps along four axes. All workloads take turns, a step each per round, so that whatever else the
 * machine does meanwhile hits all of them.
 */
export async function benchScaling(
  flags: WorkloadFlags,
  rounds: number,
  progress: (done: number, of: number) => void,
): Promise<ScalingReport> {
  const device = await webgpu();
  try {
    const { base, axes } = RANGES[rangeOf(device.capabilities)];
    const start = makeWorkload({ ...base, ...flags });
    const plan = (Object.keys(EXPONENTS) as AxisName[]).flatMap((axis) =>
      axes[axis].map((value) => ({ axis, value, workload: at(start, axis, value) })),
    );
    const timed = await timeInTurns(
      device,
      plan.map(({ workload }) => workload),
      rounds,
      progress,
    );
    const reports = (Object.keys(EXPONENTS) as AxisName[]).map((axis): AxisReport => {
      const points = plan.flatMap((p, i) => (p.axis === axis ? [{ value: p.value, ...timed[i] }] : []));
      const fit = fitPower(
        points.map(({ value }) => value),
        points.map(({ ms }) => ms),
        EXPONENTS[axis],
      );
      return { axis, points, fit };
    });
    const { description } = device;
    return { device: description, node: process.version, base: describeWorkload(start), rounds, axes: reports };
  } finally {
    device.destroy();
  }
}

function rangeOf({ tier }: Capabilities): 'software' | 'gpu' {
  return tier === 'gpu' ? 'gpu' : 'software';
}

function at(base: Workload, axis: AxisName, value: number): Workload {
  return axis === 'depth' ? { ...base, model: `resnet${value}` as ModelName } : { ...base, [axis]: value };
}

/** Times the workloads in turns. Equal ones, such as the point that all axes share, are timed once. */
async function timeInTurns(
  device: WebGpuDevice,
  workloads: readonly Workload[],
  rounds: number,
  progress: (done: number, of: number) => void,
): Promise<Omit<ScalingPoint, 'value'>[]> {
  const keys = workloads.map((workload) => JSON.stringify(workload));
  const distinct = new Map(keys.map((key, i) => [key, workloads[i]]));
  const runs = [...distinct].map(([key, workload]) => {
    return { key, step: trainingStep(device, workload), times: [] as number[], dispatches: 0 };
  });
  for (let round = -WARM_UP; round < rounds; round++) {
    for (const [i, run] of runs.entries()) {
      progress((round + WARM_UP) * runs.length + i, (WARM_UP + rounds) * runs.length);
      const before = device.stats().dispatches;
      const start = performance.now();
      run.step().dispose();
      await device.finished();
      if (round >= 0) run.times.push(performance.now() - start);
      run.dispatches = device.stats().dispatches - before;
    }
  }
  progress(1, 1);
  const points = new Map(
    runs.map(({ key, times, dispatches }) => {
      return [key, { ms: median(times), lower: quantile(times, 0.25), upper: quantile(times, 0.75), dispatches }];
    }),
  );
  return keys.map((key) => points.get(key)!);
}

export function predict({ fixed, rate, exponent }: Fit, x: number): number {
  return fixed + rate * x ** exponent;
}

/** `ms = 31 + 2.6 batch`, with what the fit is worth. */
export function formatFit({ axis, fit }: AxisReport): string {
  const { fixed, rate, exponent, r2, slope } = fit;
  const power = exponent === 1 ? axis : `${axis}^${exponent}`;
  return `ms = ${fixed.toPrecision(3)} + ${rate.toPrecision(3)} ${power}, R2 ${r2.toFixed(3)}; as one power ${axis}^${slope.toFixed(2)}`;
}

/** The report for people. */
export function formatScaling({ device, node, base, rounds, axes }: ScalingReport): string {
  const rows = axes.flatMap(({ axis, points, fit }) =>
    points.map(({ value, ms, lower, upper, dispatches }) => [
      axis,
      `${value}`,
      ms.toFixed(1),
      `${lower.toFixed(1)} to ${upper.toFixed(1)}`,
      predict(fit, value).toFixed(1),
      `${dispatches}`,
    ]),
  );
  return [
    `${device}, node ${node}`,
    `${base}, of which one is changed at a time; medians and quartiles of ${rounds} steps in turns`,
    formatTable(['axis', 'value', 'ms', 'quartiles', 'fit', 'dispatches'], rows),
    ...axes.map((report) => `${report.axis.padEnd(6)} ${formatFit(report)}`),
  ].join('\n');
}
