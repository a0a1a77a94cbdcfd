import { DataError } from '../errors.js';
import { checkOptions, type Kinds } from '../tensor/options.js';

/** A learning rate for each step, counted from 0; pure, so that a resumed run goes on where it was. */
export type Schedule = (step: number) => number;

/** `lr gamma^k` after `k` of the milestones (steps) were reached: PyTorch's MultiStepLR. */
export function stepDecay(lr: number, options: StepDecayOptions): Schedule {
  checkOptions('stepDecay', STEP_DECAY, options);
  const { milestones, gamma = 0.1 } = options;
  if (!Array.isArray(milestones) || milestones.some((m, i) => i > 0 && m <= milestones[i - 1])) {
    throw new DataError(`stepDecay: milestones must ascend, got ${[milestones].flat().join(', ')}`);
  }
  return (step) => lr * gamma ** milestones.filter((m) => step >= m).length;
}

/** Options of `stepDecay`. */
export interface StepDecayOptions {
  /** Steps, ascending. */
  readonly milestones: readonly number[];
  /** Default 0.1. */
  readonly gamma?: number;
}

const STEP_DECAY: Kinds<StepDecayOptions> = { milestones: 'any', gamma: 'number' };

/**
 * `floor + (lr - floor) (1 + cos(pi step / steps)) / 2` up to `steps`, then `floor`: PyTorch's CosineAnnealingLR over
 * half a period.
 */
export function cosine(lr: number, options: CosineOptions): Schedule {
  checkSteps('cosine', options, 'floor');
  const { steps, floor = 0 } = options;
  return (step) => floor + ((lr - floor) * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps))) / 2;
}

/** Options of `cosine`. */
export interface CosineOptions {
  /** Length of the descent. */
  readonly steps: number;
  /** The rate at its end, default 0. */
  readonly floor?: number;
}

/** `schedule(step)` times a factor that rises evenly from `start` to 1 over the first `steps` steps: PyTorch's LinearLR. */
export function warmUp(schedule: Schedule, options: WarmUpOptions): Schedule {
  checkSteps('warmUp', options, 'start');
  const { steps, start = 0.001 } = options;
  return (step) => schedule(step) * (start + (1 - start) * Math.min(step / steps, 1));
}

/** Options of `warmUp`. */
export interface WarmUpOptions {
  readonly steps: number;
  /** The factor of step 0, default 0.001. */
  readonly start?: number;
}

function checkSteps(by: string, options: { readonly steps: number }, other: string): void {
  checkOptions(by, { steps: 'any', [other]: 'number' }, options);
  const { steps } = options;
  if (Number.isInteger(steps) && steps > 0) return;
  throw new DataError(`${by}: steps must be a positive integer, got ${steps}`);
}
