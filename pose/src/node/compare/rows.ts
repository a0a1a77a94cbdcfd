import { DataError } from 'wgrad';
import type { TrainFlags } from '../../train/config.js';

/** One method of the comparison: what tells its training from that of the other rows. */
export interface Row {
  /** The method in words. */
  readonly about: string;
  /** Options of `wgrad-pose train`; whatever they leave out is the same in all rows. */
  readonly flags: TrainFlags;
  /**
   * Average precision in % on COCO val, ResNet-50, 256x192, of Li et al., ICCV 2021 (arXiv v3), table 7 for what the residuals
   * are assumed to be, table 5 for the others; absent where the paper has no such row.
   */
  readonly paperAp?: number;
}

/** What `wgrad-pose compare` can train, from a fixed scale of the errors to a learned density, and what regression replaces. */
export const ROWS = {
  l2: { about: 'regression, Gaussian of fixed scale', flags: { loss: 'l2' }, paperAp: 36.6 },
  l1: { about: 'regression, Laplace of fixed scale', flags: { loss: 'l1' }, paperAp: 58.1 },
  gaussian: { about: 'Gaussian with a learned scale', flags: { loss: 'gaussian' }, paperAp: 60.2 },
  laplace: { about: 'Laplace with a learned scale', flags: { loss: 'laplace' }, paperAp: 67.4 },
  studentT: { about: 'Student-t with a learned scale', flags: { loss: 'studentT' } },
  dle: { about: 'a flow for the density itself', flags: { loss: 'dle' }, paperAp: 62.7 },
  rle: { about: 'a flow for the residual of Laplace', flags: { loss: 'rle' }, paperAp: 70.5 },
  'rle-gaussian': {
    about: 'a flow for the residual of a Gaussian',
    flags: { loss: 'rle', q: 'gaussian' },
    paperAp: 70.0,
  },
  'rle-logs': { about: 'rle with its term log s', flags: { loss: 'rle', logS: 'importance' } },
  heatmap: { about: 'heatmaps, decoded at their peaks', flags: { loss: 'heatmap', head: 'heatmap' }, paperAp: 71.0 },
  integral: { about: 'heatmaps, l1 on their means', flags: { loss: 'l1', head: 'integral' }, paperAp: 63.4 },
} as const satisfies Readonly<Record<string, Row>>;

export type RowName = keyof typeof ROWS;

export const ROW_NAMES = Object.keys(ROWS) as readonly RowName[];

export const rowOf = (name: RowName): Row => ROWS[name];

/**
 * The rows of `--rows a,b,c`, in the order of `ROWS`; all of them without.
 * @throws DataError naming what is no row, or stands there twice
 */
export function parseRows(text: string | undefined): readonly RowName[] {
  if (text === undefined) return ROW_NAMES;
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !Object.hasOwn(ROWS, name));
  if (unknown !== undefined) throw new DataError(`--rows ${unknown}: expected some of ${ROW_NAMES.join(', ')}`);
  refuseRepeated('--rows', names);
  return ROW_NAMES.filter((name) => names.includes(name));
}

/** Seeds of a comparison that asks for none. */
const SEEDS = 3;

/**
 * The seeds of `--seeds`: 1 to N for a number, else those of a list.
 * @throws DataError for anything else
 */
export function parseSeeds(text = String(SEEDS)): readonly number[] {
  const numbers = text.split(',').map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : Number.NaN));
  const [first] = numbers;
  const isCount = numbers.length === 1;
  if (!numbers.every(Number.isSafeInteger) || (isCount && (first < 1 || first > MOST_SEEDS))) {
    throw new DataError(`--seeds ${text}: expected how many, from 1 to ${MOST_SEEDS}, or a list of them such as 4,5`);
  }
  refuseRepeated('--seeds', numbers);
  return isCount ? Array.from({ length: first }, (_, i) => i + 1) : numbers;
}

const MOST_SEEDS = 100;

function refuseRepeated(option: string, values: readonly (string | number)[]): void {
  const repeated = values.find((value, i) => values.indexOf(value) !== i);
  if (repeated !== undefined) throw new DataError(`${option}: ${repeated} is there twice; name each once`);
}
