import { allocateBatch, type Batch } from '../pose/src/train/batches.js';
import type { TrainConfig, TrainFlags } from '../pose/src/train/config.js';
import { initLearner, trainStep } from '../pose/src/train/learner.js';
import { makeConfig } from '../pose/src/train/makeConfig.js';
import { DataError } from '../src/errors.js';

import { Rng } from '../src/tensor/rng.js';
import type { Device, Tensor } from '../src/tensor/tensor.js';

export const MODELS = { resnet18: 18, resnet34: 34, resnet50: 50, resnet101: 101, resnet152: 152 } as const;
export type ModelName = keyof typeof MODELS;

/** The main job's configuration with a backbone of any depth. */
export interface Workload extends TrainConfig {
  readonly model: ModelName;
}

/** Its options as typed; one that is absent is as in the main job on real data. */
export type WorkloadFlags = TrainFlags & { readonly model?: string };

export const JOINTS = 14;

/**
 * The workload that the options ask for.
 * @throws DataError naming the option and what it takes
 */
export function makeWorkload({ model = 'resnet18', ...flags }: WorkloadFlags): Workload {
  if (!(model in MODELS)) throw new DataError(`--model ${model}: expected one of ${Object.keys(MODELS).join(', ')}`);
  // Naming a folder asks for the recipe of real data; the folder is never opened.
  return { ...makeConfig({ data: '-', ...flags }, 'webgpu'), model: model as ModelName };
}

export function describeWorkload({ model, width, size, batch, loss }: Workload): string {
  return `ResNet-${MODELS[model]} of width ${width}, loss ${loss}, batch ${batch} of ${size} x ${size}`;
}

/** A training step (forward, backward, Adam) on random images: each call enqueues one and returns its loss. */
export function trainingStep(device: Device, workload: Workload): () => Tensor {
  const batch = randomBatch(workload);
  let learner = initLearner(device, workload, JOINTS);
  let step = 0;
  return () => {
    const next = trainStep(device, workload, learner, batch, workload.lr, step++);
    learner = next.learner;
    return next.loss;
  };
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
