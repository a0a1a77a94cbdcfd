import { capture, type Device, scope, tensorsOf } from 'wgrad';
import type { Batch } from './batches.js';
import type { CropBatch } from './cropBatch.js';
import type { StepInput } from './deviceBatch.js';
import { begin, finish, type Learner, type StepConfig, type TrainStep, uploadStep } from './learner.js';
import type { Team } from './team.js';

/**
 * A step of several ranks, each on its share of the batch: as in PyTorch's DistributedDataParallel, gradients are averaged
 * over the ranks before the optimiser sees them, and each rank has its own statistics in batch norms. The loss is the mean
 * of the ranks' losses. The first part of the step is recorded and replayed unless `eager`; behind the exchange there are
 * but a few dispatches.
 */
export function sharedTrainStep(device: Device, config: StepConfig, team: Team, eager = false): TrainStep {
  const toGradients = (learner: Learner, input: Omit<StepInput, 'lr'>) => {
    const { state, ...begun } = begin(config, learner, input);
    return { ...begun, state: { ...learner, state } };
  };
  const captured = eager ? undefined : capture(toGradients);
  const first = captured ?? ((...args: Parameters<typeof toGradients>) => scope(() => toGradients(...args)));
  let compiled = device.capabilities.tier !== 'gpu';
  const run = async (learner: Learner, batch: Batch | CropBatch, lr: number, step: number) => {
    const input = scope(() => uploadStep(device, config, batch, step));
    if (!compiled) await captured?.compile(learner, input);
    compiled = true;
    const { state: reached, loss, gradients, before } = first(learner, input);
    for (const t of tensorsOf(input)) t.dispose();
    await team.mean([gradients, loss]);
    const next = scope(() => finish(config, reached, { loss, gradients, state: reached.state, before }, lr));
    for (const t of before) t.dispose();
    return next;
  };
  return Object.assign(run, { dispose: captured?.dispose });
}
