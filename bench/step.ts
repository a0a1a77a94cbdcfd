import type { Batch } from '../pose/src/train/batches.js';
import type { TrainConfig, TrainFlags } from '../pose/src/train/config.js';
import type { StepInput } from '../pose/src/train/deviceBatch.js';
import { uploadBatch } from '../pose/src/train/deviceBatch.js';
import { capturedLearn, initLearner, type Learner, learn } from '../pose/src/train/learner.js';
import { makeConfig } from '../pose/src/train/makeConfig.js';
import { applyModel } from '../pose/src/train/model.js';
import { predictionOf } from '../pose/src/train/modelOutput.js';
import type { DeviceStats, MemoryReport } from '../src/tensor/backend.js';
import { scope } from '../src/tensor/scope.js';
import { tensorsOf } from '../src/tensor/tree.js';
import { webgpu } from '../src/tensor/webgpu.js';
import type { WebGpuDevice } from '../src/tensor/webgpuDevice.js';
import { median, quantile } from './quantile.js';
import { JOINTS, randomBatch } from './trainingStep.js';

/** After so many steps both ways are steady: caches are full and the step is recorded. */
const WARM_UP = 5;

/** Steps of one kind in numbers; times in milliseconds, medians. */
export interface StepTimes {
  /** From the upload of the batch until the loss is on the host. */
  readonly totalMs: number;
  /** Upload of the batch, which the host only hands over. */
  readonly uploadMs: number;
  /**
   * Host time from the first op of a step until everything is handed over, submit included, divided by the dispatches.
   * The queue is empty before.
   */
  readonly hostUsPerDispatch: number;
  /** The same for the fastest tenth of the steps: the better measure on a machine that does other things as well. */
  readonly hostUsPerDispatchAtBest: number;
  readonly dispatches: number;
  /** Bind groups and buffers that a steady step still makes. */
  readonly newBindGroups: number;
  readonly newBuffers: number;
  readonly memory: MemoryReport;
}

/** A training step, called op by op and replayed, and a prediction. */
export interface StepReport {
  readonly device: string;
  readonly config: TrainConfig;
  readonly steps: number;
  /** From opening the device until the first step's loss is on the host: weights, compilation, one step. */
  readonly firstStepMs: number;
  readonly eager: StepTimes;
  readonly captured: StepTimes;
  /** If the step is in mixed precision: the same step in float32, replayed, timed in turns with it. */
  readonly float32?: StepTimes;
  /** One image: upload, forward pass, coordinates on the host. */
  readonly latencyMs: number;
}

/** Measures the training step of the main job on random images; the queue is empty whenever a clock starts. */
export async function benchStep(flags: TrainFlags, steps: number): Promise<StepReport> {
  const began = performance.now();
  // Naming a folder asks for the recipe of real data; the folder is never opened.
  const config = makeConfig({ data: '-', ...flags }, 'webgpu');
  const batch = randomBatch(config);
  const eager = new StepLoop(await webgpu(), config, batch, (learner, input) => {
    const { loss, learner: state } = scope(() => learn(config, learner, input));
    return { loss, state };
  });
  await eager.step();
  const firstStepMs = performance.now() - began;
  const captured = new StepLoop(await webgpu(), config, batch, capturedLearn(config));
  const single: TrainConfig = { ...config, precision: 'float32' };
  const isMixed = config.precision === 'mixed';
  const beside = isMixed ? [new StepLoop(await webgpu(), single, batch, capturedLearn(single))] : [];
  const loops = [eager, captured, ...beside];
  for (let i = 0; i < WARM_UP + steps; i++) {
    if (i === WARM_UP) for (const loop of loops) loop.samples.length = 0;
    // In turn, so that whatever else the machine does slows all alike.
    for (const loop of loops) await loop.step();
  }
  const report: StepReport = {
    device: eager.device.description,
    config,
    steps,
    firstStepMs,
    eager: eager.times(),
    captured: captured.times(),
    float32: beside[0]?.times(),
    latencyMs: await latency(eager.device, config, eager.learner, batch, steps),
  };
  for (const { device } of loops) device.destroy();
  return report;
}

type Step = (learner: Learner, input: StepInput) => { loss: StepInput['images']; state: Learner };

/** Steps on a device of their own, one at a time. */
class StepLoop {
  readonly device: WebGpuDevice;
  learner: Learner;
  readonly samples: { upload: number; host: number; total: number; made: DeviceStats }[] = [];
  readonly #config: TrainConfig;
  readonly #batch: Batch;
  readonly #run: Step;

  constructor(device: WebGpuDevice, config: TrainConfig, batch: Batch, run: Step) {
    this.device = device;
    this.learner = initLearner(device, config, JOINTS);
    this.#config = config;
    this.#batch = batch;
    this.#run = run;
  }

  async step(): Promise<void> {
    const { device } = this;
    const { batch, size, lr } = this.#config;
    const before = device.stats();
    const start = performance.now();
    const input = {
      ...uploadBatch(device, this.#batch, batch, { height: size, width: size }),
      lr: device.tensor([lr], []),
    };
    device.flush();
    const uploaded = performance.now();
    // The upload is waited for: it is work of the queue, and a software adapter would do it on the core of the host.
    await device.finished();
    const idle = performance.now();
    const { loss, state } = this.#run(this.learner, input);
    device.flush();
    const handedOver = performance.now();
    this.learner = state;
    await loss.item();
    const total = performance.now() - start;
    for (const t of [loss, ...tensorsOf(input)]) t.dispose();
    const made = difference(before, device.stats());
    this.samples.push({ upload: uploaded - start, host: handedOver - idle, total, made });
  }

  times(): StepTimes {
    const { dispatches, bindGroups, buffers } = this.samples[this.samples.length - 1].made;
    const host = this.samples.map((s) => (1000 * s.host) / dispatches);
    return {
      totalMs: median(this.samples.map((s) => s.total)),
      uploadMs: median(this.samples.map((s) => s.upload)),
      hostUsPerDispatch: median(host),
      hostUsPerDispatchAtBest: quantile(host, 0.1),
      dispatches,
      newBindGroups: bindGroups,
      newBuffers: buffers,
      memory: this.device.memory(),
    };
  }
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
    const mu = scope(
      () => predictionOf(applyModel(params, state, device.tensor(image, [1, size, size, 3]), false)[0]).mu,
    );
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
  const { device, config, steps, firstStepMs, eager, captured, float32, latencyMs } = report;
  const { width, loss, batch, size, precision } = config;
  const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const memory = ({ memory: { live, pooled } }: StepTimes) =>
    `${mebibytes(live.bytes)} in ${live.buffers} buffers, waiting for reuse ${mebibytes(pooled.bytes)}`;
  const both = (text: (times: StepTimes) => string) => `${text(eager)} op by op, ${text(captured)} replayed`;
  const rows: readonly (readonly [string, string])[] = [
    ['network', `ResNet-18 of width ${width}, loss ${loss}, batch ${batch} of ${size} x ${size}, ${precision}`],
    ['time to the first step', `${(firstStepMs / 1000).toFixed(2)} s, opening the device and compiling included`],
    ['training step', `${both((t) => `${t.totalMs.toFixed(1)} ms`)}; medians of ${steps}`],
    ['images per second', both((t) => ((1000 * batch) / t.totalMs).toFixed(1))],
    ['host time per dispatch', both((t) => `${t.hostUsPerDispatch.toFixed(1)} us`)],
    ['of the fastest tenth', both((t) => `${t.hostUsPerDispatchAtBest.toFixed(1)} us`)],
    ['dispatches per step', both((t) => `${t.dispatches}`)],
    ['new bind groups, buffers', both((t) => `${t.newBindGroups}, ${t.newBuffers}`)],
    ['upload of a batch', both((t) => `${t.uploadMs.toFixed(2)} ms`)],
    ['peak of a step', mebibytes(eager.memory.peakBytes)],
    ...(float32
      ? [
          [
            'the same in float32',
            `${float32.totalMs.toFixed(1)} ms replayed, ${(float32.totalMs / captured.totalMs).toFixed(2)} times as long; ` +
              `${mebibytes(float32.memory.peakBytes)} against ${mebibytes(captured.memory.peakBytes)} replayed`,
          ] as const,
        ]
      : []),
    ['memory, op by op', memory(eager)],
    ['memory, replayed', memory(captured)],
    ['latency of one image', `${latencyMs.toFixed(1)} ms, upload and read-back included`],
  ];
  return [device, ...rows.map(([name, value]) => `${name.padEnd(26)}${value}`)].join('\n');
}
