import {
  add,
  capture,
  cast,
  DataError,
  type Device,
  mul,
  packParameters,
  scope,
  type Tensor,
  tensorsOf,
  valueAndGrad,
} from 'wgrad';
import {
  type AdamState,
  adam,
  averageGradients,
  copyState,
  halfParameters,
  keepUnlessSkipped,
  lossScaleOf,
} from 'wgrad/nn';
import type { Batch } from './batches.js';
import type { TrainConfig } from './config.js';
import type { CropBatch } from './cropBatch.js';
import { rowsOf, type StepInput, uploadBatch } from './deviceBatch.js';
import { inputSize } from './inputSize.js';
import { logSNodesAt } from './logSNodesAt.js';
import { applyModel, initModel, lossOf, type ModelParams, type ModelState } from './model.js';
import { partsOf, type Share, WHOLE } from './ranks.js';

/** Everything on the device that a training step changes; a step uses it up and returns the next one. */
export interface Learner {
  readonly params: ModelParams;
  readonly state: ModelState;
  readonly optimizer: AdamState<ModelParams>;
}

/**
 * A network with new weights, packed so that one dispatch updates all of them, and an optimiser without memory.
 * @throws DataError if the precision needs float16 and the device does not have it
 */
export function initLearner(device: Device, config: TrainConfig, joints: number): Learner {
  const isMixed = config.precision === 'mixed';
  if (isMixed && !device.capabilities.float16) {
    throw new DataError(
      `--precision mixed: '${device.description}' has no float16 (feature shader-f16); leave the option out, or take another adapter`,
    );
  }
  const { params, state } = initModel(device, config, joints);
  const packed = packParameters(params);
  return {
    params: packed,
    state: packParameters(state),
    optimizer: adam.init(packed, { ema: config.ema > 0, lossScale: isMixed }),
  };
}

/** The weights that are evaluated: their average, if the learner keeps one. */
export function evaluatedParams({ params, optimizer }: Learner): ModelParams {
  return optimizer.ema ?? params;
}

/**
 * What a step computes, which share of it, by default all, and whether it computes the blocks of a ResNet again for their
 * gradient: the same bits, less memory.
 */
export type StepConfig = TrainConfig & { readonly checkpoint?: boolean; readonly share?: Share };

/** The loss before a step, still on the device, and the learner after it. */
export interface StepResult {
  readonly loss: Tensor;
  readonly learner: Learner;
}

/**
 * One step of Adam on a batch.
 * @param step how many steps came before in the run; the random numbers of a step depend on it
 */
export function trainStep(
  device: Device,
  config: StepConfig,
  learner: Learner,
  batch: Batch | CropBatch,
  lr: number,
  step: number,
): StepResult {
  return scope(() => learn(config, learner, { ...uploadStep(device, config, batch, step), lr }));
}

/** `trainStep` with everything that stays the same from step to step. */
export interface TrainStep {
  (learner: Learner, batch: Batch | CropBatch, lr: number, step: number): StepResult | Promise<StepResult>;
  /** Frees the memory that steps share; the learner stays. */
  dispose?(): void;
}

/** What a step reads besides the rate. */
export function uploadStep(
  device: Device,
  config: StepConfig,
  batch: Batch | CropBatch,
  step: number,
): Omit<StepInput, 'lr'> {
  const { size } = config.share ?? WHOLE;
  const uploaded = uploadBatch(device, batch, config.batch / size, inputSize(config));
  return { ...uploaded, nodes: logSNodesAt(device, config, uploaded.target.shape[1], step) };
}

/**
 * The same steps, bit for bit: the first calls record them, later calls replay them. A loss is overwritten by the next
 * call. If compiling takes the driver long, the first call does it in advance; software drivers gain nothing by that.
 */
export function capturedTrainStep(device: Device, config: StepConfig): TrainStep {
  const captured = capturedLearn(config);
  let compiled = device.capabilities.tier !== 'gpu';
  const run = async (learner: Learner, batch: Batch | CropBatch, lr: number, step: number) => {
    const input = scope(() => ({ ...uploadStep(device, config, batch, step), lr: device.tensor([lr], []) }));
    if (!compiled) await captured.compile(learner, input);
    compiled = true;
    const { loss, state } = captured(learner, input);
    for (const t of tensorsOf(input)) t.dispose();
    return { loss, learner: state };
  };
  return Object.assign(run, { dispose: captured.dispose });
}

/** `learn`, captured; the rate must be a tensor. */
export function capturedLearn(config: StepConfig) {
  return capture((before: Learner, input: StepInput) => {
    const { loss, learner } = learn(config, before, input);
    return { loss, state: learner };
  });
}

/**
 * One step of Adam on a batch that lies on the device. A step with a gradient that is not finite changes nothing, the
 * running statistics included: one bad picture would spoil them for ever.
 */
export function learn(config: StepConfig, learner: Learner, { lr, ...batch }: StepInput): StepResult {
  return finish(config, learner, begin(config, learner, batch), lr);
}

/** A step up to its gradients. */
export interface BegunStep {
  readonly loss: Tensor;
  readonly gradients: ModelParams;
  /** Running statistics after the step, and copies of those before. */
  readonly state: ModelState;
  readonly before: readonly Tensor[];
}

/** The first part of `learn`. */
export function begin(config: StepConfig, learner: Learner, batch: Omit<StepInput, 'lr'>): BegunStep {
  const before = copyState(learner.state);
  return { before, ...differentiate(config, learner, batch) };
}

/** The second part of `learn`: what the gradients do to the learner. */
export function finish(
  config: StepConfig,
  learner: Learner,
  { loss, gradients, state, before }: BegunStep,
  lr: number | Tensor,
): StepResult {
  const ema = config.ema > 0 ? { decay: config.ema, warmUp: true } : undefined;
  const clipNorm = config.clip > 0 ? config.clip : undefined;
  const [params, optimizer] = adam.step(learner.params, gradients, learner.optimizer, { lr, ema, clipNorm });
  return { loss, learner: { params, state: keepUnlessSkipped(state, before, optimizer), optimizer } };
}

/** The network and its images in the precision of a step; heads and losses accept both and compute in float32. */
function inPrecision(
  { precision }: TrainConfig,
  params: ModelParams,
  state: ModelState,
  images: Tensor,
): [ModelParams, ModelState, Tensor] {
  if (precision === 'float32') return [params, state, images];
  return [halfParameters(params), state, cast(images, { dtype: 'float16' })];
}

/**
 * The loss of a batch and its gradient, added up over the parts of the configuration; each part updates the statistics. Of
 * a share of the batch it is what the share contributes: those of all ranks add up to those of the batch.
 */
function differentiate(
  config: StepConfig,
  { params, state, optimizer }: Learner,
  { nodes, ...batch }: Omit<StepInput, 'lr'>,
) {
  const { device } = batch.images;
  const { size } = config.share ?? WHOLE;
  const { parts, rows } = partsOf(config, config.share);
  const scale = optimizer.lossScale && lossScaleOf(optimizer);
  const seed = size === 1 ? scale : mul(scale ?? device.scalar(1), 1 / size);
  // Each part has a scope, so that the next part can use its memory.
  const ofPart = (k: number, statistics: ModelState) =>
    scope(() => {
      const { images, ...labels } = parts === 1 ? batch : rowsOf(batch, k * rows, rows);
      const gradient = valueAndGrad(
        (p: ModelParams) => {
          const network = inPrecision(config, p, statistics, images);
          const [output, next] = applyModel(...network, true, config.checkpoint, config.dims);
          return [lossOf(config, p, output, labels, nodes), next] as const;
        },
        { aux: true, seed },
      );
      return gradient(params);
    });
  let [[loss, statistics], gradients] = ofPart(0, state);
  for (let k = 1; k < parts; k++) {
    const [[value, next], gradient] = ofPart(k, statistics);
    statistics = next;
    loss = add(loss, value);
    gradients = averageGradients(gradients, gradient, k + 1);
  }
  const share = 1 / (parts * size);
  return { loss: share === 1 ? loss : mul(loss, share), state: statistics, gradients };
}
