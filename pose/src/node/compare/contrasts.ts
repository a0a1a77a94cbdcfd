import { type RowName, rowOf } from './rows.js';
import { pooledStd, type Spread } from './spread.js';

/** What the paper's tables 5 and 7 set against each other, and what its readers do: a row, what it is held against, and what differs. */
const QUESTIONS: readonly (readonly [row: RowName, against: RowName, what: string])[] = [
  ['l1', 'l2', 'Laplace for Gaussian, fixed scale'],
  ['gaussian', 'l2', 'a learned scale, Gaussian'],
  ['laplace', 'l1', 'a learned scale, Laplace'],
  ['laplace', 'gaussian', 'Laplace for Gaussian, learned scale'],
  ['studentT', 'laplace', 'heavier tails, learned scale'],
  ['dle', 'l1', 'a learned density'],
  ['dle', 'laplace', 'a learned density for Laplace'],
  ['rle', 'dle', 'a density of the residual alone'],
  ['rle', 'laplace', 'a flow over Laplace'],
  ['rle', 'studentT', 'a flow over Laplace for Student-t'],
  ['rle', 'l1', 'all of RLE'],
  ['rle', 'rle-gaussian', 'Q Laplace for Q Gaussian'],
  ['rle-logs', 'rle', 'the term log s'],
  ['rle', 'integral', 'regression for integral heatmaps'],
  ['rle', 'heatmap', 'regression for heatmaps'],
];

/** Differences of more pooled standard deviations than this are called larger than the spread of the seeds. */
export const CLEAR = 2;

/** Two rows that are set against each other, and whether more than the seeds tells them apart. */
export interface Contrast {
  readonly row: RowName;
  readonly against: RowName;
  readonly what: string;
  /** Of the means, row minus against, in the metric's unit. */
  readonly difference: number;
  /** Null where no row has two seeds. */
  readonly pooledStd: number | null;
  /** Whether the difference is larger than twice the pooled standard deviation; null where that is not known. */
  readonly clear: boolean | null;
  /** The paper's difference in points of average precision, where it has both rows. */
  readonly paperAp?: number;
}

/** The contrasts among rows of which a metric is known, in the order of the paper's argument. */
export function contrastsOf(metric: ReadonlyMap<RowName, Spread>): Contrast[] {
  return QUESTIONS.flatMap(([row, against, what]) => {
    const [a, b] = [metric.get(row), metric.get(against)];
    if (!a || !b || a.values.length === 0 || b.values.length === 0) return [];
    const difference = a.mean - b.mean;
    const std = pooledStd(a, b);
    const [apA, apB] = [rowOf(row).paperAp, rowOf(against).paperAp];
    const paper = apA === undefined || apB === undefined ? {} : { paperAp: Number((apA - apB).toFixed(1)) };
    const clear = std === null ? null : Math.abs(difference) > CLEAR * std;
    return [{ row, against, what, difference, pooledStd: std, clear, ...paper }];
  });
}

/** The rows from the highest mean down. */
export function orderOf(metric: ReadonlyMap<RowName, Spread>): RowName[] {
  const known = [...metric].filter(([, { values }]) => values.length > 0);
  return known.sort(([, a], [, b]) => b.mean - a.mean).map(([name]) => name);
}

/** The paper's order of rows, from the highest average precision down; those it has not are left out. */
export function paperOrder(rows: readonly RowName[]): RowName[] {
  const published = rows.filter((name) => rowOf(name).paperAp !== undefined);
  return published.sort((a, b) => (rowOf(b).paperAp as number) - (rowOf(a).paperAp as number));
}
