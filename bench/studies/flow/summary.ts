import { bySeeds, type Spread, spreadOf } from '../spread.js';
import type { FigureLoss, FigureRun } from './figureRuns.js';
import type { LineRun } from './lineRuns.js';

/** What the runs of a loss under one noise come to. */
export interface Row<Measure extends string> {
  readonly noise: string;
  readonly form: string;
  readonly seeds: number;
  /** Measures that the loss gives; a loss without a density has fewer. */
  readonly measures: Readonly<Partial<Record<Measure, Spread>>>;
}

export const LINE_MEASURES = ['error', 'varying', 'missing', 'calibration', 'sharpness'] as const;
export type LineMeasure = (typeof LINE_MEASURES)[number];
export const FIGURE_MEASURES = ['pck10', 'pck20', 'error', 'calibration', 'sharpness'] as const;
export type FigureMeasure = (typeof FIGURE_MEASURES)[number];

/** The losses of figures as those of the line are called. */
const TITLES: Readonly<Record<FigureLoss, string>> = {
  l1: 'L1',
  laplace: 'Laplace',
  studentT: 'Student-t',
  dle: 'DLE',
  rle: 'RLE',
  'rle, log s': 'RLE, log s',
};

export const lineRows = (runs: readonly LineRun[]) => rowsOf<LineMeasure>(runs, LINE_MEASURES);
export const figureRows = (runs: readonly FigureRun[]) =>
  rowsOf<FigureMeasure>(
    runs.map((run) => ({ ...run, form: TITLES[run.form] })),
    FIGURE_MEASURES,
  );

/** One row for each loss under each noise, in the order of the runs. */
function rowsOf<Measure extends string>(
  runs: readonly (Pick<Row<Measure>, 'noise' | 'form'> & Partial<Record<Measure, number>>)[],
  measures: readonly Measure[],
): Row<Measure>[] {
  return bySeeds(runs, ({ noise, form }) => `${noise}: ${form}`).map((group) => {
    const of = measures.map((measure) => [measure, group.map((run) => run[measure])] as const);
    const given = of.filter(([, values]) => values.every((value) => value !== undefined));
    const spreads = given.map(([measure, values]) => [measure, spreadOf(values as number[])]);
    const { noise, form } = group[0];
    return { noise, form, seeds: group.length, measures: Object.fromEntries(spreads) };
  });
}
