import { type Device, scope, tensorsOf } from 'wgrad';
import { type DistributedOptions, distributed } from 'wgrad/ranks';
import type { Batch } from './batches.js';
import type { CropBatch } from './cropBatch.js';
import type { StepInput } from './deviceBatch.js';
import { begin, finish, type Learner, type StepConfig, type TrainStep, uploadStep } from './learner.js';
import type { Team } from './team.js';

/** How the step is carried out; whose statistics batch norms have says the share. */
export type SharedStepOptions = Omit<DistributedOptions, 'syncBatchNorm'>;

/**
 * A step of several ranks, each on its share of the batch: as in PyTorch's DistributedDataParallel, gradients are averaged
 * over the ranks before the optimiser sees them. Each rank has its own statistics in batch norms, or all have those of
 * the whole batch. The loss is the mean of the ranks' losses. The first part of the step is recorded and replayed unless
 * `eager`; behind the exchange there are but a few dispatches.
 */
export function sharedTrainStep(device: Device, config: StepConfig, team: Team, options: SharedStepOptions): TrainStep {
  const toGradients = (learner: Learner, input: Omit<StepInput, 'lr'>) => {
    const { state, loss, gradients, before } = begin(config, learner, input);
    return { state: { ...learner, state }, summed: { gradients, loss }, before };
  };
  const { syncBatchNorm } = config.share ?? {};
  const first = distributed(team.ranks, toGradients, { ...options, syncBatchNorm });
  const run = async (learner: Learner, batch: Batch | CropBatch, lr: number, step: number) => {
    const input = scope(() => uploadStep(device, config, batch, step));
    const { state: reached, summed, before } = await first(learner, input);
    for (const t of tensorsOf(input)) t.dispose();
    const next = scope(() => finish(config, reached, { ...summed, state: reached.state, before }, lr));
    for (const t of before) t.dispose();
    return next;
  };
  return Object.assign(run, { dispose: first.dispose });
}
