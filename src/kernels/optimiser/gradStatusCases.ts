import type { Fill, OpCases } from '../../autograd/cases.js';
import { gradStatus, scaledGradStatus } from './gradStatus.js';
import { RESNET18_ARENA, RULES_SAMPLE } from './stepCases.js';
import { RULE_BLOCK, STATUS_SIZE } from './stepStatus.js';

const RATE = { shape: [], values: [0.01] };

export const gradStatusCases = (): OpCases => ({
  op: gradStatus,
  samples: [
    { inputs: [{ shape: [STATUS_SIZE], values: [3, 1, 0, 0, 0, 0] }, RATE, { shape: [192] }, RULES_SAMPLE] },
    {
      inputs: [
        { shape: [STATUS_SIZE], values: [0, 0, 0, 0, 0, 0] },
        { shape: [], values: [0.5] },
        { shape: [192], lo: 1, hi: 3 },
        RULES_SAMPLE,
        { shape: [64] },
        { shape: [1, 2], values: [1, 0] },
      ],
      attrs: { clipNorm: 0.5, lr: 0.1 },
    },
    // So long that a thread takes more than one turn.
    {
      inputs: [
        { shape: [STATUS_SIZE], values: [9, 0, 0, 0, 1, 0] },
        RATE,
        { shape: [131_072] },
        { shape: [2048, 2], lo: 0.5 },
      ],
    },
    // A learning rate that would make all parameters NaN.
    {
      inputs: [
        { shape: [STATUS_SIZE], values: [3, 1, 0, 0, 1, 0] },
        { shape: [], values: [Number.NaN] },
        { shape: [192] },
        RULES_SAMPLE,
      ],
    },
  ],
  errors: [
    { inputs: [{ shape: [4] }, RATE, { shape: [64] }, { shape: [1, 2] }], message: /status must be \[6\]/ },
    { inputs: [{ shape: [6] }, RATE, { shape: [64] }], message: /pairs of gradients and rules/ },
    { inputs: [{ shape: [6] }, RATE, { shape: [65] }, { shape: [1, 2] }], message: /whole blocks of 64/ },
    { inputs: [{ shape: [6] }, RATE, { shape: [128] }, { shape: [1, 2] }], message: /rules must be \[2, 2\]/ },
    { inputs: [{ shape: [6] }, { shape: [1] }, { shape: [64] }, { shape: [1, 2] }], message: /shape \[\].*got \[1\]/ },
    {
      inputs: [{ shape: [6] }, RATE, { shape: [64] }, { shape: [1, 2] }],
      attrs: { clipNorm: 0 },
      message: /clipNorm must/,
    },
  ],
  bench: [
    {
      name: 'ResNet-18',
      inputs: [
        { shape: [STATUS_SIZE], values: [0, 0, 0, 0, 0, 0] },
        RATE,
        { shape: [RESNET18_ARENA] },
        { shape: [RESNET18_ARENA / RULE_BLOCK, 2], lo: 0.5 },
      ],
      flop: 2 * RESNET18_ARENA,
      bytes: 4 * RESNET18_ARENA,
    },
  ],
});

const scaled = (scale: number, good: number, g: Fill, status = [3, 1, 0, 0, 0, 0]): Fill[] => [
  { shape: [STATUS_SIZE], values: status },
  { shape: [2], values: [scale, good] },
  RATE,
  g,
  RULES_SAMPLE,
];

const bad = Array.from({ length: 192 }, (_, i) => (i === 5 ? Number.POSITIVE_INFINITY : 1));

export const scaledGradStatusCases = (): OpCases => ({
  op: scaledGradStatus,
  samples: [
    { inputs: scaled(1024, 3, { shape: [192], lo: -1024, hi: 1024 }) },
    { inputs: scaled(8, 0, { shape: [192] }), attrs: { clipNorm: 0.1 } },
    // The last of so many finite steps, an overflow, and the ends of the range.
    { inputs: scaled(64, 4, { shape: [192] }), attrs: { interval: 5, growth: 4 } },
    { inputs: scaled(64, 4, { shape: [192], values: bad }), attrs: { backoff: 0.25 } },
    { inputs: scaled(2 ** 24, 0, { shape: [192] }), attrs: { interval: 1 } },
    { inputs: scaled(1, 9, { shape: [192], values: bad }) },
  ],
  errors: [
    {
      inputs: [{ shape: [6] }, { shape: [1] }, RATE, { shape: [64] }, { shape: [1, 2] }],
      message: /loss scale must be \[2\]/,
    },
    {
      inputs: [{ shape: [6] }, { shape: [2] }, RATE, { shape: [64] }, { shape: [1, 2] }],
      attrs: { backoff: 2 },
      message: /backoff in \(0, 1\)/,
    },
    { inputs: [{ shape: [6] }, { shape: [2] }, RATE, { shape: [64] }], message: /pairs of gradients and rules/ },
  ],
  bench: [],
});
