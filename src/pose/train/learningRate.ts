import { cosine, type Schedule, stepDecay } from '../../nn/schedule.js';
import type { TrainConfig } from './config.js';

/** How the learning rate falls. */
export const SCHEDULES = ['steps', 'cosine'] as const;
export type ScheduleName = (typeof SCHEDULES)[number];

/** Share of the epochs after which the learning rate of `steps` falls to a tenth, and again. */
const MILESTONES = [0.7, 0.9];

/** Adam's learning rate by step, counted from 0. */
export function scheduleOf({ lr, epochs, schedule }: TrainConfig, stepsPerEpoch: number): Schedule {
  const steps = epochs * stepsPerEpoch;
  if (schedule === 'cosine') return cosine(lr, { steps });
  // Where both fall together, in runs of an epoch or two, they count once.
  const milestones = new Set(MILESTONES.map((share) => Math.max(1, Math.round(share * epochs)) * stepsPerEpoch));
  return stepDecay(lr, { milestones: [...milestones] });
}
