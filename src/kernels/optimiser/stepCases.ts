import type { Fill, OpCases } from '../../autograd/cases.js';
import { adamStep } from './adamStep.js';
import { blend } from './blend.js';
import { revertSkipped } from './revertSkipped.js';
import { sgdStep } from './sgdStep.js';
import { RULE_BLOCK, STATUS_SIZE } from './stepStatus.js';

/** Three blocks: an ordinary one, a frozen one, one with rules of its own. */
export const RULES_SAMPLE: Fill = { shape: [3, 2], values: [1, 0.01, 0, 0.5, 0.1, 0] };

/** After `steps` steps, with gradients scaled by `scale`. */
export function statusSample(steps: number, scale: number, { finite = 1, lr = 0.01 } = {}): Fill {
  return { shape: [STATUS_SIZE], values: [steps, 0, 1, scale, finite, lr] };
}

/** Parameters of ResNet-18 with the heads of RLE. */
export const RESNET18_ARENA = 11_200_000;

const arena = { shape: [192] };
const second = { shape: [192], lo: 0.1, hi: 1 };

export const adamStepCases = (): OpCases => ({
  op: adamStep,
  samples: [
    { inputs: [arena, arena, arena, second, statusSample(1, 1), RULES_SAMPLE] },
    { inputs: [arena, arena, arena, second, statusSample(7, 0.3), RULES_SAMPLE], attrs: { decoupled: true } },
    {
      inputs: [arena, arena, arena, second, statusSample(900, 1), RULES_SAMPLE],
      attrs: { betas: [0, 0.99], eps: 1e-3 },
    },
    { inputs: [arena, arena, arena, second, statusSample(2, 1, { finite: 0 }), RULES_SAMPLE] },
    { inputs: [arena, arena, arena, second, statusSample(3, 1), RULES_SAMPLE, arena], attrs: { emaDecay: 0.8 } },
    { inputs: [arena, arena, arena, second, statusSample(3, 1), RULES_SAMPLE, arena], attrs: { emaWarmUp: true } },
    { inputs: [arena, arena, arena, second, statusSample(3, 1, { finite: 0 }), RULES_SAMPLE, arena] },
  ],
  errors: [
    {
      inputs: [arena, { shape: [128] }, arena, arena, { shape: [6] }, { shape: [3, 2] }],
      message: /gradients \[128\] must be a flat arena/,
    },
    {
      inputs: [arena, arena, arena, arena, { shape: [6] }, { shape: [3, 2] }],
      attrs: { betas: [0.9, 1] },
      message: /betas in \[0, 1\)/,
    },
    {
      inputs: [arena, arena, arena, arena, { shape: [6] }, { shape: [3, 2] }, { shape: [64] }],
      message: /ema \[64\] must be a flat arena/,
    },
    {
      inputs: [arena, arena, arena, arena, { shape: [6] }, { shape: [3, 2] }, arena],
      attrs: { emaDecay: 1 },
      message: /decay of the average must be in \[0, 1\), got 1/,
    },
  ],
  bench: [
    {
      name: 'ResNet-18',
      inputs: [
        ...[{}, {}, {}, { lo: 0 }].map((range) => ({ shape: [RESNET18_ARENA], ...range })),
        statusSample(10, 1),
        { shape: [RESNET18_ARENA / RULE_BLOCK, 2], lo: 0.5 },
      ],
      flop: 18 * RESNET18_ARENA,
      bytes: 4 * 7 * RESNET18_ARENA,
    },
  ],
});

export const sgdStepCases = (): OpCases => ({
  op: sgdStep,
  samples: [
    { inputs: [arena, arena, arena, statusSample(4, 1), RULES_SAMPLE] },
    { inputs: [arena, arena, arena, statusSample(1, 0.3), RULES_SAMPLE], attrs: { momentum: 0.9, dampening: 0.5 } },
    {
      inputs: [arena, arena, arena, statusSample(2, 1, { lr: 0.3 }), RULES_SAMPLE],
      attrs: { momentum: 0.9, dampening: 0.5 },
    },
    { inputs: [arena, arena, arena, statusSample(5, 1), RULES_SAMPLE], attrs: { momentum: 0.8, nesterov: true } },
    { inputs: [arena, arena, arena, statusSample(2, 1, { finite: 0 }), RULES_SAMPLE], attrs: { momentum: 0.9 } },
    { inputs: [arena, arena, arena, statusSample(8, 1), RULES_SAMPLE, arena], attrs: { emaDecay: 0.7 } },
    { inputs: [arena, arena, arena, statusSample(8, 1), RULES_SAMPLE, arena], attrs: { emaWarmUp: true } },
  ],
  errors: [
    {
      inputs: [arena, arena, arena, { shape: [6] }, { shape: [2, 2] }],
      message: /rules must be \[3, 2\]/,
    },
    {
      inputs: [arena, arena, arena, { shape: [6] }, { shape: [3, 2] }],
      attrs: { momentum: 1 },
      message: /momentum and dampening in \[0, 1\)/,
    },
    {
      inputs: [arena, arena, arena, { shape: [6] }, { shape: [3, 2] }],
      attrs: { nesterov: true },
      message: /nesterov wants momentum/,
    },
  ],
  bench: [
    {
      name: 'ResNet-18',
      inputs: [
        ...[1, 2, 3].map(() => ({ shape: [RESNET18_ARENA] })),
        statusSample(10, 1),
        { shape: [RESNET18_ARENA / RULE_BLOCK, 2], lo: 0.5 },
      ],
      attrs: { momentum: 0.9 },
      flop: 7 * RESNET18_ARENA,
      bytes: 4 * 5 * RESNET18_ARENA,
    },
  ],
});

export const blendCases = (): OpCases => ({
  op: blend,
  samples: [
    { inputs: [{ shape: [3, 5] }, { shape: [3, 5] }], attrs: { share: 1 / 3 } },
    { inputs: [{ shape: [128] }, { shape: [128] }] },
    { inputs: [{ shape: [] }, { shape: [] }], attrs: { share: 1 } },
  ],
  errors: [
    { inputs: [{ shape: [3] }, { shape: [1] }], message: /x \[1\] must be like the mean \[3\]/ },
    { inputs: [{ shape: [3] }, { shape: [3] }], attrs: { share: 2 }, message: /share must be in \[0, 1\], got 2/ },
  ],
  bench: [
    {
      name: 'ResNet-18',
      inputs: [{ shape: [RESNET18_ARENA] }, { shape: [RESNET18_ARENA] }],
      flop: 3 * RESNET18_ARENA,
      bytes: 12 * RESNET18_ARENA,
    },
  ],
});

export const revertSkippedCases = (): OpCases => ({
  op: revertSkipped,
  samples: [
    { inputs: [{ shape: [132] }, { shape: [132] }, statusSample(3, 1)] },
    { inputs: [{ shape: [132] }, { shape: [132] }, statusSample(3, 1, { finite: 0 })] },
    {
      inputs: [{ shape: [4], values: [Number.NaN, 1, 2, 3] }, { shape: [4] }, statusSample(3, 1, { finite: 0 })],
    },
  ],
  errors: [
    { inputs: [{ shape: [4] }, { shape: [8] }, { shape: [6] }], message: /alike, got \[4\] and \[8\]/ },
    { inputs: [{ shape: [5] }, { shape: [5] }, { shape: [6] }], message: /whole vec4s/ },
    { inputs: [{ shape: [4] }, { shape: [4] }, { shape: [5] }], message: /status must be \[6\]/ },
  ],
  bench: [
    { name: 'ResNet-18', inputs: [{ shape: [9600] }, { shape: [9600] }, statusSample(3, 1)], flop: 0, bytes: 4 * 9600 },
  ],
});
