import { DataError } from 'wgrad';
import { counted } from 'wgrad/io';
import { cosine, type Schedule, stepDecay, warmUp } from 'wgrad/nn';

/** How the learning rate falls. */
export const SCHEDULES = ['steps', 'cosine'] as const;
export type ScheduleName = (typeof SCHEDULES)[number];

/** What determines Adam's learning rate at each step. */
export interface LearningRate {
  readonly epochs: number;
  /** Adam's learning rate at the start. */
  readonly lr: number;
  /** How it falls: to a tenth at each milestone, or along half a cosine to 0. */
  readonly schedule: ScheduleName;
  /** Numbers of epochs after which it falls; null = 70 % and 90 % of all. */
  readonly milestones: readonly number[] | null;
  /** Steps in which the rate rises evenly from a thousandth of itself; 0 = none. */
  readonly warmup: number;
}

/** After these shares of the epochs the learning rate of `steps` falls to a tenth, unless milestones are given. */
const SHARES = [0.7, 0.9];

/**
 * Adam's learning rate by step, counted from 0. It depends on nothing else, so that a resumed run continues as it would
 * have.
 */
export function scheduleOf(
  { lr, epochs, schedule, milestones, warmup }: LearningRate,
  stepsPerEpoch: number,
): Schedule {
  // In runs of an epoch or two both falls may come together; they then count once.
  const falls = milestones ?? [...new Set(SHARES.map((share) => Math.max(1, Math.round(share * epochs))))];
  const main =
    schedule === 'cosine'
      ? cosine(lr, { steps: epochs * stepsPerEpoch })
      : stepDecay(lr, { milestones: falls.map((epoch) => epoch * stepsPerEpoch) });
  return warmup > 0 ? warmUp(main, { steps: warmup }) : main;
}

/** @throws DataError naming options that do not go together, and what to change */
export function checkSchedule({ epochs, schedule, milestones }: LearningRate): void {
  if (!milestones) return;
  if (schedule !== 'steps') {
    throw new DataError(
      `--milestones ${milestones}: belongs to --schedule steps, got ${schedule}; leave one of them out`,
    );
  }
  const last = milestones[milestones.length - 1];
  if (last < epochs) return;
  throw new DataError(
    `--milestones ${milestones}: the rate falls after that many epochs, of which there are ${epochs}; ` +
      `give some below, or more than ${last} --epochs`,
  );
}

/** @throws DataError if the run would end before its learning rate has risen */
export function checkWarmUp({ epochs, warmup }: LearningRate, stepsPerEpoch: number): void {
  const steps = epochs * stepsPerEpoch;
  if (warmup < steps) return;
  throw new DataError(
    `--warmup ${warmup}: the whole run has ${counted(steps, 'step')}, ${stepsPerEpoch} in each of ${counted(epochs, 'epoch')}; give fewer`,
  );
}
