import type { OpCases } from '../autograd/cases.js';
import { alternatingMasks } from './flows/masks.js';
import * as of from './formula/expression.js';
import { operand, scalar } from './formula/expression.js';
import { type Formula, jointwise } from './formula/jointwise.js';
import { flowLogProb, flowMove } from './fused/flowLogProb.js';
import { networkCount, networkLayout } from './fused/flowShape.js';

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

/** Coordinates, joints and the batch as operands, and as what results are summed over to. */
const joints = { shape: [3, 5, 2], lo: 0.5, hi: 2 };
/** Zeros among them, where conditions have their kink. */
const perJoint = { shape: [3, 5, 1], values: Array.from({ length: 15 }, (_, i) => (i % 4 === 1 ? 0 : 0.5 + (i % 3))) };
const [x, w, s] = [operand(0), operand(1), scalar(0)];
const FORMULA: Formula = {
  name: 'test',
  operands: ['coordinate', 'joint', 'batch'],
  results: [
    { value: of.wherePositive(w, of.exp(of.neg(of.abs(of.sub(x, operand(2)))))), extent: 'coordinate' },
    { value: of.mul(of.log(of.add(x, s)), of.log1p(w)), extent: 'joint' },
    { value: of.div(of.softplus(of.mul(x, w)), of.sigmoid(of.atLeast(x, 1))), extent: 'batch' },
  ],
  variables: 2,
  scalars: 1,
};
const batch = { shape: [32, 17, 2] };
const LAPLACE: Formula = {
  name: 'laplace',
  operands: ['coordinate', 'coordinate', 'coordinate'],
  results: [
    {
      value: of.add(of.softplus(of.neg(x)), of.abs(of.mul(of.sub(w, operand(2)), of.add(of.exp(of.neg(x)), 1)))),
      extent: 'batch',
    },
  ],
  variables: 3,
  scalars: 0,
};

export const jointwiseCases = (): OpCases => ({
  op: jointwise,
  samples: [
    {
      inputs: [
        { ...joints, avoid: [0.9, 1] },
        { shape: [3, 5, 1], lo: 0.5, hi: 2 },
        { shape: [], values: [0.9] },
      ],
      attrs: { formula: FORMULA, scalars: [0.25] },
    },
    {
      inputs: [joints, perJoint, { shape: [], values: [0.9] }],
      attrs: { formula: FORMULA, scalars: [0.25] },
      order: 0,
    },
  ],
  errors: [
    {
      inputs: [joints, { shape: [3, 5, 2] }, { shape: [] }],
      attrs: { formula: FORMULA, scalars: [0.25] },
      message: /test wants operands \[B, K, D\] for coordinates/,
    },
  ],
  bench: [
    {
      name: '32 x 17',
      inputs: [batch, batch, batch],
      attrs: { formula: LAPLACE, scalars: [] },
      flop: 60 * 32 * 17 * 2,
      bytes: 12 * 32 * 17 * 2,
    },
  ],
});

export const rleCases: readonly OpCases[] = /* @__PURE__ */ (() => [
  flowLogProbCases(),
  flowMoveCases(),
  jointwiseCases(),
])();
