import { type RealNvpParams, realNvp } from '../../../src/rle/flows/realNvp.js';
import type { LogSNodes } from '../../../src/rle/logS.js';
import { perResidual } from '../../../src/rle/perResidual.js';
import type { Labels, Prediction } from '../../../src/rle/prediction.js';
import { type RleOptions, rle } from '../../../src/rle/rle.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { SIDE } from './task.js';

/** One flow for all forms, so that they differ in the loss alone. */
export const FLOW = realNvp({ dims: 2, weights: 'xavier' });

/** A term of the sum: how RLE is computed. */
export interface Form {
  readonly name: string;
  /** The weight in the sum, beside means over joints. */
  readonly gain: number;
  /** Whether the loss is per image, so that it is to be divided by the number of joints. */
  readonly perImage?: boolean;
  /** Cells of the grid in one unit of the term's coordinates. */
  readonly unit: number;
  /** The factor of the learning rate of the flow and of the layer of the sigmas. */
  readonly rate: number;
  /** Whether the flow learns the density relative to a Laplace Q. */
  readonly logS: boolean;
  /** Undefined: there is no such term. */
  readonly loss?: (prediction: Required<Prediction>, labels: Labels, params: RealNvpParams, nodes: LogSNodes) => Tensor;
}

type Options = Omit<RleOptions<RealNvpParams>, 'flow' | 'params'>;

const form = (name: string, options: Options, rest: Partial<Form> = {}): Form => ({
  name,
  gain: 1,
  unit: 1,
  rate: 1,
  logS: false,
  loss: (prediction, labels, params) => rle(prediction, labels, { flow: FLOW, params, sigmaFloor: 1e-9, ...options }),
  ...rest,
});

/** As `PoseLoss26` before February 2026: nothing keeps the loss above zero, nothing keeps sigma above 1e-9. */
const UNCUT: Options = { variant: 'ultralytics', cutAtZero: false };

const uncut = form('uncut', UNCUT);
const normalised: Form = {
  ...uncut,
  name: 'normalised',
  loss: (p, l, ...rest) => (uncut.loss as NonNullable<Form['loss']>)(perResidual(p, l), l, ...rest),
};
/** The paper counts log phi once for both coordinates, the codes twice. */
const PAPER = { gain: 2, perImage: true } as const;
const exact: Form = {
  ...form('log s', {}, PAPER),
  logS: true,
  loss: (prediction, labels, params, nodes) =>
    rle(prediction, labels, { flow: FLOW, params, sigmaFloor: 1e-9, logS: nodes }),
};

export const FORMS: readonly Form[] = [
  { name: 'without', gain: 0, unit: 1, rate: 1, logS: false },
  uncut,
  form('cut', { variant: 'ultralytics' }),
  form('official', { variant: 'official' }, { perImage: true }),
  form('paper', {}, PAPER),
  exact,
  form('floor', { ...UNCUT, sigmaFloor: 0.01 * SIDE }),
  form('object', UNCUT, { unit: SIDE }),
  form('slow', UNCUT, { rate: 0.1 }),
  normalised,
  form('gain 0.1', UNCUT, { gain: 0.1 }),
  form('gain 0.01', UNCUT, { gain: 0.01 }),
  { ...normalised, name: 'normalised, gain 0.1', gain: 0.1 },
];

/** The forms of the settings that only ask when the sum runs away. */
export const FEW: readonly Form[] = FORMS.filter(({ name }) =>
  ['without', 'uncut', 'cut', 'gain 0.1', 'normalised, gain 0.1'].includes(name),
);
