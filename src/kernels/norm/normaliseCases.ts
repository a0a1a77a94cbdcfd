import type { Fill, OpCases } from '../../autograd/cases.js';
import { elementwiseBench } from '../elementwise/cases.js';
import { normalise, normaliseGrad } from './normalise.js';

const positive = (shape: readonly number[]): Fill => ({ shape, lo: 0.5, hi: 2 });

const samplesOf = (
  vary: (rows: readonly number[], whole: readonly number[], last: readonly number[]) => readonly Fill[],
) => [
  { inputs: vary([3, 1], [3, 5], [5]) },
  { inputs: vary([2, 1, 3, 1], [2, 4, 3, 4], [3, 4]), attrs: { eps: 0.1 } },
  { inputs: vary([1, 1], [2, 1], []) },
];

const errors: OpCases['errors'] = [
  {
    inputs: [{ shape: [2, 3] }, { shape: [2] }, { shape: [2, 1] }, { shape: [3] }, { shape: [3] }],
    message: /\[2, 3\] and \[2\] do not broadcast/,
  },
];

const ROWS = [8192, 512];
const COLUMN = [8192, 1];

export const normaliseCases = (): OpCases => ({
  op: normalise,
  samples: samplesOf((rows, whole, last) => [
    { shape: whole },
    { shape: rows },
    positive(rows),
    { shape: last },
    { shape: last },
  ]),
  errors,
  bench: [elementwiseBench([{}, {}, { lo: 0.5 }, {}, {}], [ROWS, COLUMN, COLUMN, [512], [512]])],
});

export const normaliseGradCases = (): OpCases => ({
  op: normaliseGrad,
  samples: samplesOf((rows, whole) => [
    { shape: whole },
    { shape: rows },
    { shape: whole },
    { shape: rows },
    positive(rows),
  ]),
  errors,
  bench: [elementwiseBench([{}, {}, {}, {}, { lo: 0.5 }], [ROWS, COLUMN, ROWS, COLUMN, COLUMN])],
});
