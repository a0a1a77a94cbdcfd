import type { RleOptions } from 'wgrad/rle';

export type LossName = 'l2' | 'l1' | 'laplace' | 'dle' | 'rle' | 'rleLogS';

/** A loss of the room, and the density that one who learns by it says errors have. */
export interface Loss {
  readonly title: string;
  readonly says: string;
  /** The colour of the style sheet that its lines have, and their dashes. */
  readonly colour: string;
  readonly dash: readonly number[];
  /** What `rle` is asked for, its flow and nodes aside. */
  readonly options: Pick<RleOptions, 'q' | 'design'>;
  readonly hasFlow: boolean;
  readonly hasLogS: boolean;
  /** Q, where it is part of the density. With a flow and without log s the flow is all of it. */
  readonly q?: 'gaussian' | 'laplace';
  /** Whether mu may lie anywhere in the density, which a flow can move with it. */
  readonly isPlaceOpen?: boolean;
  /** Absent where sigma is predicted; else the one sigma that is most likely, given errors. */
  readonly width?: (errors: readonly number[]) => number;
}

const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;

export const LOSSES: Readonly<Record<LossName, Loss>> = {
  l2: {
    title: 'L2',
    says: 'finds the mean; one width for all x',
    colour: 'baseline-1',
    dash: [2, 4],
    options: { q: 'gaussian' },
    hasFlow: false,
    hasLogS: false,
    q: 'gaussian',
    width: (errors) => Math.sqrt(mean(errors.map((e) => e * e))),
  },
  l1: {
    title: 'L1',
    says: 'finds the median; one width for all x',
    colour: 'baseline-2',
    dash: [8, 4],
    options: { q: 'laplace' },
    hasFlow: false,
    hasLogS: false,
    q: 'laplace',
    width: (errors) => mean(errors.map(Math.abs)),
  },
  laplace: {
    title: 'Laplace',
    says: 'learns the width at each x, in one shape',
    colour: 'baseline-3',
    dash: [],
    options: { q: 'laplace' },
    hasFlow: false,
    hasLogS: false,
    q: 'laplace',
  },
  dle: {
    title: 'DLE',
    says: 'learns width and shape; the flow is all',
    colour: 'more',
    dash: [8, 3, 2, 3],
    options: { design: 'reparameterised' },
    hasFlow: true,
    hasLogS: false,
    isPlaceOpen: true,
  },
  rle: {
    title: 'RLE',
    says: 'the flow learns beside a Laplace, without log s',
    colour: 'second',
    dash: [4, 3],
    options: {},
    hasFlow: true,
    hasLogS: false,
  },
  rleLogS: {
    title: 'RLE with log s',
    says: 'the flow learns what the Laplace lacks',
    colour: 'network',
    dash: [],
    options: {},
    hasFlow: true,
    hasLogS: true,
    isPlaceOpen: true,
    q: 'laplace',
  },
};

export const lossNames = Object.keys(LOSSES) as readonly LossName[];
