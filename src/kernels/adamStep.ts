import type { OpCases } from '../autograd/cases.js';
import { defineMultiOp, type Op } from '../autograd/op.js';
import { ShapeError } from '../errors.js';
import { f32bits, type Launch, program } from '../tensor/backend.js';
import { grid } from '../tensor/grid.js';
import type { Tensor } from '../tensor/tensor.js';
import { checkArenas, RESNET18_ARENA, RULE_BLOCK, RULES_SAMPLE, STATUS, statusSample } from './stepStatus.js';
import adamStepWgsl from './wgsl/adamStep.wgsl.js';

export interface AdamStepAttrs {
  /** Learning rate. */
  readonly lr: number;
  /** Decay rates of the moments, in [0, 1). */
  readonly betas: readonly [number, number];
  readonly eps: number;
  /** Weight decay acts on the parameters (AdamW) and not through the gradient (Adam). */
  readonly decoupled: boolean;
}

/**
 * Adam on a whole arena in one dispatch, with gradients `g` scaled by `status` and `lr`, `decay` by block:
 * `m += (1 - beta1) (g - m)`, `v += (1 - beta2) (g^2 - v)`, `p -= lr mhat / (sqrt(vhat) + eps)`, where
 * `mhat = m / (1 - beta1^t)`, `vhat = v / (1 - beta2^t)`; `decay p` is added to g, or if decoupled `lr decay p` taken
 * from p. PyTorch's semantics (Kingma and Ba 2015; Loshchilov and Hutter 2019). Nothing changes if `status` is not finite.
 *
 * @param params flat [length], `m` and `v` likewise: updated in place, their handles die
 * @param gradients [length]; `rules` [length / 64, 2] factor of lr (0 freezes) and weight decay
 * @param status [5] from `gradStatus`
 */
export const adamStep: Op<
  [params: Tensor, gradients: Tensor, m: Tensor, v: Tensor, status: Tensor, rules: Tensor],
  AdamStepAttrs,
  [params: Tensor, m: Tensor, v: Tensor]
> = /* @__PURE__ */ defineMultiOp({
  name: 'adamStep',
  attrs: { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, decoupled: false },
  shape([params, gradients, m, v, status, rules], { lr, betas, eps }) {
    checkArenas('adamStep', { params, gradients, m, v }, rules, status);
    if (!Number.isFinite(lr) || betas.length !== 2 || !betas.every((b) => b >= 0 && b < 1) || !(eps >= 0)) {
      throw new ShapeError(
        `adamStep: wants a finite lr, betas in [0, 1) and eps >= 0; got lr ${lr}, betas ${betas.join(', ')}, eps ${eps}`,
      );
    }
    return [params, m, v];
  },
  reference([, gradients, , , status, rules], [params, m, v], { lr, betas: [beta1, beta2], eps, decoupled }) {
    if (status.data[STATUS.finite] === 0) return;
    const t = status.data[STATUS.steps];
    const bias1 = 1 - beta1 ** t;
    const bias2 = 1 - beta2 ** t;
    for (let i = 0; i < params.data.length; i++) {
      const [factor, decay] = rules.data.subarray(2 * Math.floor(i / RULE_BLOCK));
      if (factor === 0) continue;
      const p = params.data[i];
      const g = gradients.data[i] * status.data[STATUS.scale] + (decoupled ? 0 : decay * p);
      m.data[i] += (1 - beta1) * (g - m.data[i]);
      v.data[i] += (1 - beta2) * (g * g - v.data[i]);
      const update = m.data[i] / bias1 / (Math.sqrt(v.data[i] / bias2) + eps);
      params.data[i] -= lr * factor * ((decoupled ? decay * p : 0) + update);
    }
  },
  launches([, gradients, , , status, rules], [params, m, v], { lr, betas: [beta1, beta2], eps, decoupled }): Launch[] {
    // A beta of 0 has no logarithm; e^-100 is 0 as well.
    const logs = [beta1, beta2].map((beta) => Math.max(Math.log(beta), -100));
    const floats = [lr, 1 - beta1, 1 - beta2, ...logs, eps].map(f32bits);
    return [
      {
        program: program('adamStep', adamStepWgsl),
        read: [gradients, status, rules],
        write: [params, m, v],
        params: [...floats, decoupled ? 1 : 0],
        grid: grid(params.size / 4),
      },
    ];
  },
  vjp: null,
  donates: [0, 2, 3],
});

const arena = { shape: [192] };
const second = { shape: [192], lo: 0.1, hi: 1 };

export const adamStepCases = (): OpCases => ({
  op: adamStep,
  samples: [
    { inputs: [arena, arena, arena, second, statusSample(1, 1), RULES_SAMPLE], attrs: { lr: 0.01 } },
    { inputs: [arena, arena, arena, second, statusSample(7, 0.3), RULES_SAMPLE], attrs: { decoupled: true } },
    {
      inputs: [arena, arena, arena, second, statusSample(900, 1), RULES_SAMPLE],
      attrs: { betas: [0, 0.99], eps: 1e-3 },
    },
    { inputs: [arena, arena, arena, second, statusSample(2, 1, 0), RULES_SAMPLE] },
  ],
  errors: [
    {
      inputs: [arena, { shape: [128] }, arena, arena, { shape: [5] }, { shape: [3, 2] }],
      message: /gradients \[128\] must be a flat arena/,
    },
    {
      inputs: [arena, arena, arena, arena, { shape: [5] }, { shape: [3, 2] }],
      attrs: { betas: [0.9, 1] },
      message: /betas in \[0, 1\)/,
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
