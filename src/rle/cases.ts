import type { OpCases } from '../autograd/cases.js';
import { flowGrad } from './flowGrad.js';
import { flowLogProb, flowMove } from './flowLogProb.js';
import { networkCount, networkLayout } from './flowShape.js';
import { alternatingMasks } from './masks.js';
import { rleError, rleGrad, rleSum } from './rleTerms.js';

const attrsOf = (dims: number, couplings: number) => ({ dims, hidden: 64, masks: alternatingMasks(dims, couplings) });
const pointsOf = (n: number, dims: number) => ({ shape: [n, dims] });
/** For comparisons with differences: all hidden units positive, because of thousands some are always near the kink. */
const smooth = (n: number, attrs: ReturnType<typeof attrsOf>) => [
  { shape: [n, attrs.dims], lo: 0.5, hi: 1 },
  { ...flatOf(attrs), lo: 0.01, hi: 0.03 },
];
/** Weights as small as an initialised flow's: the hidden layers sum 64 products. */
const flatOf = (attrs: ReturnType<typeof attrsOf>) => ({
  shape: [networkCount(attrs) * networkLayout(attrs).length],
  lo: -0.2,
  hi: 0.2,
});

/** The official flow's work at n points, forward: 12 networks of 2 x 64 x (64 + 4) multiply-adds. */
const flowFlop = (n: number) => n * 12 * 2 * (64 * 64 + 2 * 2 * 64);
const OFFICIAL = attrsOf(2, 6);
const officialFlow = flatOf(OFFICIAL);
const POINTS = [136, 544, 2176, 8704];

export const flowLogProbCases = (): OpCases => ({
  op: flowLogProb,
  samples: [
    { inputs: smooth(5, attrsOf(2, 2)), attrs: attrsOf(2, 2) },
    { inputs: smooth(2, attrsOf(3, 3)), attrs: { ...attrsOf(3, 3), scaleBound: 0.7 } },
    { inputs: [pointsOf(37, 2), flatOf(attrsOf(2, 3))], attrs: attrsOf(2, 3), order: 0 },
  ],
  errors: [
    {
      inputs: [{ shape: [3, 3] }, { shape: [64] }],
      attrs: attrsOf(2, 2),
      message: /points \[n, 2\] and parameters \[/,
    },
  ],
  bench: POINTS.map((n) => ({
    name: `${n} points`,
    inputs: [pointsOf(n, 2), officialFlow],
    attrs: OFFICIAL,
    flop: flowFlop(n),
    bytes: 4 * (n * (3 + 24) + officialFlow.shape[0]),
  })),
});

export const flowMoveCases = (): OpCases => ({
  op: flowMove,
  samples: [
    { inputs: smooth(4, attrsOf(2, 2)), attrs: { ...attrsOf(2, 2), map: 'inverse' } },
    { inputs: smooth(3, attrsOf(2, 3)), attrs: { ...attrsOf(2, 3), map: 'forward', scaleBound: 2 } },
  ],
  errors: [{ inputs: [{ shape: [3, 2] }, { shape: [64] }], attrs: attrsOf(2, 2), message: /flatten the parameters/ }],
  bench: [
    {
      name: 'forward, 2176 points',
      inputs: [pointsOf(2176, 2), officialFlow],
      attrs: { ...OFFICIAL, map: 'forward' },
      flop: flowFlop(2176),
      bytes: 4 * (2176 * (5 + 24) + officialFlow.shape[0]),
    },
  ],
});

const gradInputs = (n: number, attrs: ReturnType<typeof attrsOf>) => [
  { shape: [attrs.masks.length, 2 * attrs.dims, n] },
  flatOf(attrs),
  { shape: [n] },
  { shape: [] },
];

export const flowGradCases = (): OpCases => ({
  op: flowGrad,
  samples: [
    { inputs: gradInputs(35, attrsOf(2, 2)), attrs: { ...attrsOf(2, 2), map: 'logProb' }, order: 0 },
    {
      inputs: [...gradInputs(17, attrsOf(2, 3)), { shape: [17, 2] }],
      attrs: { ...attrsOf(2, 3), map: 'forward' },
      order: 0,
    },
  ],
  errors: [
    {
      inputs: [{ shape: [2, 4, 3] }, { shape: [64] }, { shape: [4] }, { shape: [] }],
      attrs: { ...attrsOf(2, 2), map: 'logProb' },
      message: /gLog \[n\]/,
    },
  ],
  bench: POINTS.map((n) => ({
    name: `${n} points`,
    inputs: gradInputs(n, OFFICIAL),
    attrs: { ...OFFICIAL, map: 'logProb' },
    flop: 4 * flowFlop(n),
    bytes: 4 * (n * (3 + 24) + 2 * officialFlow.shape[0]),
  })),
});

const joints = { shape: [3, 5, 2] };
const logits = { shape: [3, 5, 2], lo: -4, hi: 2, avoid: [-3] };
/** Zeros among the weights. */
const weights = { shape: [3, 5, 2], values: Array.from({ length: 30 }, (_, i) => (i % 7 === 3 ? 0 : 0.5 + (i % 3))) };
const perJoint = { shape: [3, 5, 1], values: Array.from({ length: 15 }, (_, i) => (i % 4 === 1 ? 0 : 1)) };
const everywhere = { shape: [], values: [1] };
const operands = [joints, logits, joints, weights];
const mismatch = [
  { inputs: [joints, { shape: [3, 5, 1] }, joints, everywhere], message: /logit and target must be \[B, K, D\]/ },
];
const TERMS = [
  { variant: 'official', floor: -3 },
  { variant: 'official', q: 'gaussian' },
  { variant: 'mmpose', q: 'laplace', floor: -3 },
  { variant: 'mmpose', q: 'gaussian' },
  { variant: 'paper' },
  { variant: 'paper', residual: false },
] as const;
const batch = { shape: [32, 17, 2] };
const elements = 32 * 17 * 2;

export const rleErrorCases = (): OpCases => ({
  op: rleError,
  samples: [
    { inputs: operands, attrs: TERMS[0], order: 0 },
    { inputs: [joints, logits, joints, perJoint], attrs: TERMS[2], order: 0 },
    { inputs: [joints, logits, joints, everywhere], order: 0 },
  ],
  errors: mismatch,
  bench: [{ name: '32 x 17', inputs: [batch, batch, batch, everywhere], flop: 20 * elements, bytes: 16 * elements }],
});

export const rleSumCases = (): OpCases => ({
  op: rleSum,
  samples: [
    ...TERMS.map((attrs) => ({ inputs: [...operands, { shape: [15] }], attrs, order: 0 as const })),
    { inputs: [joints, logits, joints, perJoint, { shape: [15] }], order: 0 },
  ],
  errors: mismatch.map((error) => ({ ...error, inputs: [...error.inputs, { shape: [15] }] })),
  bench: [
    {
      name: '32 x 17',
      inputs: [batch, batch, batch, everywhere, { shape: [32 * 17] }],
      flop: 60 * elements,
      bytes: 16 * elements,
    },
  ],
});

export const rleGradCases = (): OpCases => ({
  op: rleGrad,
  samples: TERMS.map((attrs) => ({
    inputs: [...operands, { shape: [15, 2] }, { shape: [], lo: 0.5 }],
    attrs,
    order: 0 as const,
  })),
  errors: mismatch.map((error) => ({ ...error, inputs: [...error.inputs, { shape: [15, 2] }, { shape: [] }] })),
  bench: [
    {
      name: '32 x 17',
      inputs: [batch, batch, batch, everywhere, { shape: [32 * 17, 2] }, { shape: [] }],
      flop: 60 * elements,
      bytes: 28 * elements,
    },
  ],
});

/** The cases of the ops of this floor. */
export const rleCases: readonly OpCases[] = /* @__PURE__ */ (() => [
  flowGradCases(),
  flowLogProbCases(),
  flowMoveCases(),
  rleErrorCases(),
  rleGradCases(),
  rleSumCases(),
])();
