import { defineMultiOp, type Op } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import { f32bits, type Launch } from '../../tensor/backend.js';
import { launchThreads } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import type { Tensor } from '../../tensor/tensor.js';
import sgdStepWgsl from '../wgsl/sgdStep.wgsl.js';
import {
  checkParameterAverage,
  moveAverage,
  type ParameterAverageAttrs,
  parameterAverageWords,
} from './parameterAverage.js';
import { checkArenas, RULE_BLOCK, STATUS, selectFours } from './stepStatus.js';

const steps = /* @__PURE__ */ programs('sgdStep', sgdStepWgsl);

export interface SgdStepAttrs extends ParameterAverageAttrs {
  /** Share of the velocity that stays, in [0, 1). */
  readonly momentum: number;
  /** Share of the gradient that does not reach the velocity, in [0, 1); the first step takes all of it. */
  readonly dampening: number;
  /** Steps along the gradient and the velocity after it; wants momentum and no dampening. */
  readonly nesterov: boolean;
}

/**
 * @internal Gradient descent with momentum on a whole arena in one dispatch, with `lr` and the scale of the gradients from `status`,
 * and rules by block: `g += decay p`, `u = momentum u + (1 - dampening) g` (first step `u = g`), `p -= lr u`, or with Nesterov
 * `p -= lr (g + momentum u)`. PyTorch's semantics (Sutskever et al. 2013). Then `ema += (1 - emaDecay) (p - ema)`. Nothing
 * changes if `status` is not finite.
 *
 * @param params flat [length], `velocity` likewise: updated in place, their handles die
 * @param gradients [length]; `rules` [length / 64, 2] factor of lr (0 freezes) and weight decay
 * @param status [6] from `gradStatus`
 * @param ema like params, if their average is wanted: updated in place
 */
export const sgdStep: Op<
  [params: Tensor, gradients: Tensor, velocity: Tensor, status: Tensor, rules: Tensor, ema?: Tensor],
  SgdStepAttrs,
  readonly Tensor[]
> = /* @__PURE__ */ defineMultiOp({
  name: 'sgdStep',
  arity: [5, 6],
  attrs: { momentum: 0, dampening: 0, nesterov: false, emaDecay: 0.999, emaWarmUp: false },
  shape([params, gradients, velocity, status, rules, ...ema], attrs) {
    const { momentum, dampening, nesterov } = attrs;
    checkArenas('sgdStep', { params, gradients, velocity, ...(ema.length > 0 && { ema: ema[0] }) }, rules, status);
    checkParameterAverage('sgdStep', attrs);
    const isShare = (x: number) => x >= 0 && x < 1;
    if (!isShare(momentum) || !isShare(dampening)) {
      throw new ShapeError(`sgdStep: wants momentum and dampening in [0, 1); got ${momentum} and ${dampening}`);
    }
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new ShapeError(
        `sgdStep: nesterov wants momentum and no dampening, got momentum ${momentum}, dampening ${dampening}`,
      );
    }
    return [params, velocity, ...ema];
  },
  reference([, gradients, , status, rules], [params, velocity, ema], attrs) {
    if (status.data[STATUS.finite] === 0) return;
    const { momentum, dampening, nesterov } = attrs;
    const lr = status.data[STATUS.lr];
    const fresh = status.data[STATUS.steps] === 1 ? 1 : 1 - dampening;
    for (let i = 0; i < params.data.length; i++) {
      const [factor, decay] = rules.data.subarray(2 * Math.floor(i / RULE_BLOCK));
      if (factor === 0) continue;
      const g = gradients.data[i] * status.data[STATUS.scale] + decay * params.data[i];
      velocity.data[i] = momentum * velocity.data[i] + fresh * g;
      params.data[i] -= lr * factor * (nesterov ? g + momentum * velocity.data[i] : velocity.data[i]);
      if (ema) moveAverage(ema, params, i, status, attrs);
    }
  },
  launches([, gradients, , status, rules], updated, attrs, { capabilities }): Launch[] {
    const { momentum, dampening, nesterov } = attrs;
    const averaged = updated.length > 2;
    const fours = selectFours(capabilities);
    const threads = updated[0].size / 4 / fours;
    const params = [f32bits(momentum), f32bits(1 - dampening), nesterov ? 1 : 0, ...parameterAverageWords(attrs)];
    return [launchThreads(threads, steps({ averaged, fours }), [gradients, status, rules], updated, params)];
  },
  vjp: null,
  donates: [0, 2, 5],
});
