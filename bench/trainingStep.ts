import { DataError } from '../src/errors.js';
import { adam } from '../src/nn/optim.js';
import * as resnet from '../src/nn/resnet.js';
import { allocateBatch, type Batch } from '../src/pose/train/batches.js';
import { makeConfig, type TrainConfig, type TrainFlags } from '../src/pose/train/config.js';
import { type Learner, trainStep } from '../src/pose/train/learner.js';
import { LOSSES } from '../src/pose/train/losses.js';
import type { ModelParams } from '../src/pose/train/model.js';
import * as head from '../src/rle/head.js';
import * as realNvp from '../src/rle/realNvp.js';
import { packParameters } from '../src/tensor/arena.js';
import type { Device } from '../src/tensor/backend.js';
import { Rng } from '../src/tensor/rng.js';
import type { Tensor } from '../src/tensor/tensor.js';

export const MODELS = { resnet18: 18, resnet34: 34, resnet50: 50, resnet101: 101, resnet152: 152 } as const;
export type ModelName = keyof typeof MODELS;

/** The main job's configuration with a backbone of any depth. */
export interface Workload extends TrainConfig {
  readonly model: ModelName;
}

/** Its options as typed; absent = as in the main job on real data. */
export type WorkloadFlags = TrainFlags & { readonly model?: string };

export const JOINTS = 14;

/**
 * The workload that the options ask for.
 * @throws DataError naming the option and what it takes
 */
export function makeWorkload({ model = 'resnet18', ...flags }: WorkloadFlags): Workload {
  if (!(model in MODELS)) throw new DataError(`--model ${model}: expected one of ${Object.keys(MODELS).join(', ')}`);
  // A folder is never opened; naming one asks for the recipe of real data.
  return { ...makeConfig({ data: '-', ...flags }, 'webgpu'), model: model as ModelName };
}

export function describeWorkload({ model, width, size, batch, loss }: Workload): string {
  return `ResNet-${MODELS[model]} of width ${width}, loss ${loss}, batch ${batch} of ${size} x ${size}`;
}

/** A training step (forward, backward, Adam) on random images: each call enqueues one and returns its loss. */
export function trainingStep(device: Device, workload: Workload): () => Tensor {
  const batch = randomBatch(workload);
  let learner = initLearner(device, workload);
  return () => {
    const next = trainStep(device, workload, learner, batch, workload.lr);
    learner = next.learner;
    return next.loss;
  };
}

function initLearner(device: Device, { model, width, loss, seed }: Workload): Learner {
  const rng = new Rng(seed);
  const depth = MODELS[model];
  const { params: preact, state } = resnet.init(rng.split(0), device, { depth, width, stem: 3, weights: 'torch' });
  const inputs = resnet.channelsOf(preact);
  const { fc_coord, fc_sigma } = head.init(rng.split(1), device, { inputs, joints: JOINTS });
  const params: ModelParams = { preact, fc_coord };
  if (LOSSES[loss].sigma) params.fc_sigma = fc_sigma;
  if (LOSSES[loss].flow) params.flow = realNvp.init(rng.split(2), device, { dims: 2 });
  const packed = packParameters(params);
  return { params: packed, state: { preact: state }, optimizer: adam.init(packed) };
}

/** Normal pixels and joints near the middle, all labelled. */
export function randomBatch({ batch, size, seed }: Pick<TrainConfig, 'batch' | 'size' | 'seed'>): Batch {
  const rng = new Rng(seed);
  const out = allocateBatch(batch, size, JOINTS);
  for (let i = 0; i < out.images.length; i++) out.images[i] = rng.normal();
  for (let i = 0; i < out.target.length; i++) out.target[i] = 0.2 * rng.normal();
  out.weight.fill(1);
  return out;
}
