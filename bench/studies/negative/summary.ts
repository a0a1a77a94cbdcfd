import { bySeeds, type Spread, spreadOf } from '../spread.js';
import type { Moment } from './measures.js';
import type { Run } from './runs.js';

/** What the runs of a form in a setting come to. */
export interface Row {
  readonly setting: string;
  readonly form: string;
  readonly seeds: number;
  readonly jointError: Spread;
  readonly boxError: Spread;
  readonly classAccuracy: Spread;
  /** Shares of labels in the central intervals of 50 and 90 %. */
  readonly half?: Spread;
  readonly ninety?: Spread;
  readonly lastRle: Spread;
  readonly lastSigma: Spread;
  /** The largest gradient of RLE in the body after the first fifth, and the median of that of boxes. */
  readonly rleNorm: Spread;
  readonly boxNorm: Spread;
  /** The gradient with respect to mu times the residual, medians of the second fifth: 2 to 2.8 is predicted without gain. */
  readonly pull: Spread;
}

/** One row for each form in each setting, in the order of the runs. */
export function summarise(runs: readonly Run[]): Row[] {
  return bySeeds(runs, ({ setting, form }) => `${setting} ${form}`).map((group): Row => {
    const over = (of: (run: Run) => number) => spreadOf(group.map(of));
    const within = ({ moments }: Run, from: number, to: number) =>
      moments.slice(from * moments.length, to * moments.length);
    const last = ({ moments }: Run) => moments[moments.length - 1];
    return {
      setting: group[0].setting,
      form: group[0].form,
      seeds: group.length,
      jointError: over((run) => run.jointError),
      boxError: over((run) => run.boxError),
      classAccuracy: over((run) => run.classAccuracy),
      ...(group[0].coverage && {
        half: over((run) => run.coverage?.[0] as number),
        ninety: over((run) => run.coverage?.[1] as number),
      }),
      lastRle: over((run) => last(run).rle),
      lastSigma: over((run) => last(run).sigma),
      rleNorm: over((run) => Math.max(...within(run, 0.2, 1).map(({ norms }) => norms.rle))),
      boxNorm: over((run) => median(within(run, 0.2, 1).map(({ norms }) => norms.box))),
      pull: over((run) => median(within(run, 0.2, 0.4).map((moment: Moment) => moment.muGradient * moment.residual))),
    };
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
