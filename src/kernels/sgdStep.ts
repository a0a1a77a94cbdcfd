import type { OpCases } from '../autograd/cases.js';
import { defineMultiOp, type Op } from '../autograd/op.js';
import { ShapeError } from '../errors.js';
import { f32bits, type Launch, program } from '../tensor/backend.js';
import { grid } from '../tensor/grid.js';
import type { Tensor } from '../tensor/tensor.js';
import { checkArenas, RESNET18_ARENA, RULE_BLOCK, RULES_SAMPLE, STATUS, statusSample } from './stepStatus.js';
import sgdStepWgsl from './wgsl/sgdStep.wgsl.js';

export interface SgdStepAttrs {
  /** Learning rate. */
  readonly lr: number;
  /** Share of the velocity that stays, in [0, 1). */
  readonly momentum: number;
  /** Share of the gradient that does not reach the velocity, in [0, 1); the first step takes all of it. */
  readonly dampening: number;
  /** Steps along the gradient and the velocity after it; wants momentum and no dampening. */
  readonly nesterov: boolean;
}

/**
 * Gradient descent with momentum on a whole arena in one dispatch, with gradients scaled by `status` and `lr`, `decay` by
 * block: `g += decay p`, `u = momentum u + (1 - dampening) g` (first step `u = g`), `p -= lr u`, or with Nesterov
 * `p -= lr (g + momentum u)`. PyTorch's semantics (Sutskever et al. 2013). Nothing changes if `status` is not finite.
 *
 * @param params flat [length], `velocity` likewise: updated in place, their handles die
 * @param gradients [length]; `rules` [length / 64, 2] factor of lr (0 freezes) and weight decay
 * @param status [5] from `gradStatus`
 */
export const sgdStep: Op<
  [params: Tensor, gradients: Tensor, velocity: Tensor, status: Tensor, rules: Tensor],
  SgdStepAttrs,
  [params: Tensor, velocity: Tensor]
> = /* @__PURE__ */ defineMultiOp({
  name: 'sgdStep',
  attrs: { lr: 1e-2, momentum: 0, dampening: 0, nesterov: false },
  shape([params, gradients, velocity, status, rules], { lr, momentum, dampening, nesterov }) {
    checkArenas('sgdStep', { params, gradients, velocity }, rules, status);
    const isShare = (x: number) => x >= 0 && x < 1;
    if (!Number.isFinite(lr) || !isShare(momentum) || !isShare(dampening)) {
      throw new ShapeError(
        `sgdStep: wants a finite lr, momentum and dampening in [0, 1); got ${lr}, ${momentum} and ${dampening}`,
      );
    }
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new ShapeError(
        `sgdStep: nesterov wants momentum and no dampening, got momentum ${momentum}, dampening ${dampening}`,
      );
    }
    return [params, velocity];
  },
  reference([, gradients, , status, rules], [params, velocity], { lr, momentum, dampening, nesterov }) {
    if (status.data[STATUS.finite] === 0) return;
    const fresh = status.data[STATUS.steps] === 1 ? 1 : 1 - dampening;
    for (let i = 0; i < params.data.length; i++) {
      const [factor, decay] = rules.data.subarray(2 * Math.floor(i / RULE_BLOCK));
      if (factor === 0) continue;
      const g = gradients.data[i] * status.data[STATUS.scale] + decay * params.data[i];
      velocity.data[i] = momentum * velocity.data[i] + fresh * g;
      params.data[i] -= lr * factor * (nesterov ? g + momentum * velocity.data[i] : velocity.data[i]);
    }
  },
  launches([, gradients, , status, rules], [params, velocity], attrs): Launch[] {
    const { lr, momentum, dampening, nesterov } = attrs;
    return [
      {
        program: program('sgdStep', sgdStepWgsl),
        read: [gradients, status, rules],
        write: [params, velocity],
        params: [...[lr, momentum, 1 - dampening].map(f32bits), nesterov ? 1 : 0],
        grid: grid(params.size / 4),
      },
    ];
  },
  vjp: null,
  donates: [0, 2],
});

const arena = { shape: [192] };

export const sgdStepCases = (): OpCases => ({
  op: sgdStep,
  samples: [
    { inputs: [arena, arena, arena, statusSample(4, 1), RULES_SAMPLE] },
    { inputs: [arena, arena, arena, statusSample(1, 0.3), RULES_SAMPLE], attrs: { momentum: 0.9, dampening: 0.5 } },
    {
      inputs: [arena, arena, arena, statusSample(2, 1), RULES_SAMPLE],
      attrs: { momentum: 0.9, dampening: 0.5, lr: 0.3 },
    },
    { inputs: [arena, arena, arena, statusSample(5, 1), RULES_SAMPLE], attrs: { momentum: 0.8, nesterov: true } },
    { inputs: [arena, arena, arena, statusSample(2, 1, 0), RULES_SAMPLE], attrs: { momentum: 0.9 } },
  ],
  errors: [
    {
      inputs: [arena, arena, arena, { shape: [5] }, { shape: [2, 2] }],
      message: /rules must be \[3, 2\]/,
    },
    {
      inputs: [arena, arena, arena, { shape: [5] }, { shape: [3, 2] }],
      attrs: { momentum: 1 },
      message: /momentum and dampening in \[0, 1\)/,
    },
    {
      inputs: [arena, arena, arena, { shape: [5] }, { shape: [3, 2] }],
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
