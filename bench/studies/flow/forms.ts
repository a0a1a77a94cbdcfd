import type { StandardDensity } from '../../../src/rle/density.js';
import { couplingFlow } from '../../../src/rle/flows/couplingFlow.js';
import type { Flow } from '../../../src/rle/flows/flow.js';
import { realNvp } from '../../../src/rle/flows/realNvp.js';
import { affine } from '../../../src/rle/flows/transforms.js';
import type { RleOptions } from '../../../src/rle/rle.js';
import { JOINTS } from './line.js';

/** A loss of the line's study. */
export interface Form {
  readonly name: string;
  /** Whether the network predicts a sigma. */
  readonly sigma: boolean;
  readonly q?: StandardDensity;
  readonly flow?: Flow<object>;
  readonly options?: Pick<RleOptions, 'design' | 'variant'>;
  /** Whether log s counts. */
  readonly logS?: boolean;
  /** The factor of the flow's learning rate. */
  readonly flowRate?: number;
  /** Share of the steps in which a Laplace without a flow comes first. */
  readonly without?: number;
}

const SMALL = { dims: 2, couplings: 4, hidden: 8, weights: 'xavier' } as const;
/** One flow for all forms, so that they differ in the loss alone; it is smaller than the official one, as the data are. */
const shared = realNvp(SMALL) as Flow<object>;
/** Tails that a flow of bounded slopes cannot give to a normal base. */
const heavyTailed = realNvp({ ...SMALL, base: { studentT: 4 } }) as Flow<object>;
const perJoint = couplingFlow({ ...SMALL, transform: affine(), joints: JOINTS }) as Flow<object>;

/** The flow's rate where it has one of its own: it then follows the errors, which are largest at first, more slowly. */
const SLOW = 0.1;
const rle: Form = { name: 'RLE', sigma: true, flow: shared, options: { variant: 'official' } };
const slow: Form = { ...rle, name: 'RLE, slow flow', flowRate: SLOW };
const logS: Form = { name: 'RLE, log s, slow flow', sigma: true, flow: shared, logS: true, flowRate: SLOW };

const COMMON: readonly Form[] = [
  { name: 'L2', sigma: false, q: 'gaussian' },
  { name: 'L1', sigma: false, q: 'laplace' },
  { name: 'Gaussian', sigma: true, q: 'gaussian' },
  { name: 'Laplace', sigma: true, q: 'laplace' },
  { name: 'Student-t', sigma: true, q: { studentT: 4 } },
  { name: 'DLE, slow flow', sigma: true, flow: shared, options: { design: 'reparameterised' }, flowRate: SLOW },
  rle,
  slow,
  logS,
];

/** Forms that answer a question of their own under one noise. */
const ALSO: Readonly<Record<string, readonly Form[]>> = {
  normal: [{ ...rle, name: 'RLE, flow after a third', without: 1 / 3 }],
  'heavy tails': [
    { ...slow, name: 'RLE, slow flow, base Student-t', flow: heavyTailed },
    { ...logS, name: 'RLE, log s, Q Student-t, slow flow', q: { studentT: 4 } },
  ],
  'by joint': [{ ...slow, name: 'RLE, slow flow per joint', flow: perJoint }],
};

/** What is trained under a noise. */
export const formsFor = (noise: string): readonly Form[] => [...COMMON, ...(ALSO[noise] ?? [])];
