import type { Batch } from '../src/pose/train/batches.js';
import { makeConfig, type TrainConfig, type TrainFlags } from '../src/pose/train/config.js';
import { initLearner, type Learner, trainStep } from '../src/pose/train/learner.js';
import { applyModel } from '../src/pose/train/model.js';
import type { DeviceStats, MemoryReport } from '../src/tensor/backend.js';
import { scope } from '../src/tensor/scope.js';
import { type WebGpuDevice, webgpu } from '../src/tensor/webgpu.js';
import { median } from './measure.js';
import { JOINTS, randomBatch } from './trainingStep.js';

const WARM_UP = 2;

/** A training step and a prediction in numbers; times in milliseconds, medians. */
export interface StepReport {
  readonly device: string;
  readonly config: TrainConfig;
  readonly steps: number;
  /** From opening the device until the first step's loss is on the host: weights, compilation, one step. */
  readonly firstStepMs: number;
  readonly stepMs: number;
  readonly imagesPerSecond: number;
  readonly dispatchesPerStep: number;
  /** Bind groups that a steady step makes. */
  readonly bindGroupsPerStep: number;
  /** From the first op of a step until everything is handed over, by dispatch, while the device has nothing to do. */
  readonly hostUsPerDispatch: number;
  readonly memory: MemoryReport;
  /** One image: upload, forward pass, coordinates on the host. */
  readonly latencyMs: number;
}

/** Measures the training step of the main job on random images; the queue is empty whenever a clock starts. */
export async function benchStep(flags: TrainFlags, steps: number): Promise<StepReport> {
  const began = performance.now();
  const device = await webgpu();
  // A folder is never opened; naming one asks for the recipe of real data.
  const config = makeConfig({ data: '-', ...flags }, 'webgpu');
  const batch = randomBatch(config);
  let learner = initLearner(device, config, JOINTS);
  const step = async () => {
    const before = device.stats();
    const start = performance.now();
    const { loss, learner: next } = trainStep(device, config, learner, batch, config.lr);
    device.flush();
    const handedOver = performance.now();
    learner = next;
    await loss.item();
    loss.dispose();
    return { host: handedOver - start, total: performance.now() - start, ...difference(before, device.stats()) };
  };
  await step();
  const firstStepMs = performance.now() - began;
  for (let i = 0; i < WARM_UP; i++) await step();
  const timed: Awaited<ReturnType<typeof step>>[] = [];
  for (let i = 0; i < steps; i++) timed.push(await step());
  const last = timed[timed.length - 1];
  const stepMs = median(timed.map((t) => t.total));
  const report: StepReport = {
    device: device.description,
    config,
    steps,
    firstStepMs,
    stepMs,
    imagesPerSecond: (1000 * config.batch) / stepMs,
    dispatchesPerStep: last.dispatches,
    bindGroupsPerStep: last.bindGroups,
    hostUsPerDispatch: (1000 * median(timed.map((t) => t.host))) / last.dispatches,
    memory: device.memory(),
    latencyMs: await latency(device, config, learner, batch, steps),
  };
  device.destroy();
  return report;
}

async function latency(
  device: WebGpuDevice,
  { size }: TrainConfig,
  { params, state }: Learner,
  batch: Batch,
  n: number,
) {
  const image = batch.images.subarray(0, size * size * 3);
  const times: number[] = [];
  for (let i = 0; i < WARM_UP + n; i++) {
    const start = performance.now();
    const mu = scope(() => applyModel(params, state, device.tensor(image, [1, size, size, 3]), false)[0].mu);
    await mu.data();
    mu.dispose();
    if (i >= WARM_UP) times.push(performance.now() - start);
  }
  return median(times);
}

function difference(a: DeviceStats, b: DeviceStats): DeviceStats {
  return {
    dispatches: b.dispatches - a.dispatches,
    submits: b.submits - a.submits,
    pipelines: b.pipelines - a.pipelines,
    bindGroups: b.bindGroups - a.bindGroups,
    buffers: b.buffers - a.buffers,
  };
}

/** The report for people, a line each. */
export function formatStep(report: StepReport): string {
  const { config, memory } = report;
  const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const rows: readonly (readonly [string, string])[] = [
    [
      'network',
      `ResNet-18 of width ${config.width}, loss ${config.loss}, batch ${config.batch} of ${config.size} x ${config.size}`,
    ],
    [
      'time to the first step',
      `${(report.firstStepMs / 1000).toFixed(2)} s, opening the device and compiling included`,
    ],
    ['training step', `${report.stepMs.toFixed(1)} ms, median of ${report.steps}`],
    ['images per second', report.imagesPerSecond.toFixed(1)],
    ['dispatches per step', `${report.dispatchesPerStep}, new bind groups ${report.bindGroupsPerStep}`],
    ['host time per dispatch', `${report.hostUsPerDispatch.toFixed(1)} us`],
    ['live', `${memory.live.buffers} buffers, ${mebibytes(memory.live.bytes)}; at most ${mebibytes(memory.peakBytes)}`],
    ['waiting for reuse', `${memory.pooled.buffers} buffers, ${mebibytes(memory.pooled.bytes)}`],
    ['latency of one image', `${report.latencyMs.toFixed(1)} ms, upload and read-back included`],
  ];
  return [report.device, ...rows.map(([name, value]) => `${name.padEnd(24)}${value}`)].join('\n');
}
