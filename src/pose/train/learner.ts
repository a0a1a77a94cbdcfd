import { valueAndGrad } from '../../autograd/grad.js';
import { type AdamState, adam } from '../../nn/optim.js';
import { packParameters } from '../../tensor/arena.js';
import type { Device } from '../../tensor/backend.js';
import { scope } from '../../tensor/scope.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Batch } from './batches.js';
import type { TrainConfig } from './config.js';
import type { CropBatch } from './cropBatch.js';
import { uploadBatch } from './deviceBatch.js';
import { applyModel, initModel, lossOf, type ModelParams, type ModelState } from './model.js';

/** Everything on the device that a step of training changes; a step consumes it and returns the next. */
export interface Learner {
  readonly params: ModelParams;
  readonly state: ModelState;
  readonly optimizer: AdamState<ModelParams>;
}

/** A network with fresh weights, packed so that one dispatch updates all of them, and an optimiser at rest. */
export function initLearner(device: Device, config: TrainConfig, joints: number): Learner {
  const { params, state } = initModel(device, config, joints);
  const packed = packParameters(params);
  return { params: packed, state, optimizer: adam.init(packed) };
}

/** One step of Adam on a batch: the loss before the step, still on the device, and the next learner. */
export function trainStep(
  device: Device,
  config: TrainConfig,
  { params, state, optimizer }: Learner,
  batch: Batch | CropBatch,
  lr: number,
): { readonly loss: Tensor; readonly learner: Learner } {
  return scope(() => {
    const { images, ...labels } = uploadBatch(device, batch, config.batch, config.size);
    const differentiate = valueAndGrad(
      (p: ModelParams) => {
        const [output, next] = applyModel(p, state, images, true);
        return [lossOf(config, p, output, labels), next] as const;
      },
      { aux: true },
    );
    const [[loss, next], gradients] = differentiate(params);
    const [updated, moments] = adam.step(params, gradients, optimizer, { lr });
    return { loss, learner: { params: updated, state: next, optimizer: moments } };
  });
}
