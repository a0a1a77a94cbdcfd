import { defineMultiOp, type Op } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import { f32bits, type Launch } from '../../tensor/backend.js';
import { launchThreads } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import type { Tensor } from '../../tensor/tensor.js';
import adamStepWgsl from '../wgsl/adamStep.wgsl.js';
import {
  checkParameterAverage,
  moveAverage,
  type ParameterAverageAttrs,
  parameterAverageWords,
} from './parameterAverage.js';
import { checkArenas, RULE_BLOCK, STATUS, selectFours } from './stepStatus.js';

const steps = /* @__PURE__ */ programs('adamStep', adamStepWgsl);

export interface AdamStepAttrs extends ParameterAverageAttrs {
  /** Decay rates of the moments, in [0, 1). */
  readonly betas: readonly [number, number];
  readonly eps: number;
  /** Weight decay acts on the parameters (AdamW) and not through the gradient (Adam). */
  readonly decoupled: boolean;
}

/**
 * @internal Adam on a whole arena in one dispatch, with `lr` and the scale of the gradients `g` from `status`, and rules by block:
 * `m += (1 - beta1) (g - m)`, `v += (1 - beta2) (g^2 - v)`, `p -= lr mhat / (sqrt(vhat) + eps)`, where
 * `mhat = m / (1 - beta1^t)`, `vhat = v / (1 - beta2^t)`; `decay p` is added to g, or if decoupled `lr decay p` taken
 * from p. PyTorch's semantics (Kingma and Ba 2015; Loshchilov and Hutter 2019). Then `ema += (1 - emaDecay) (p - ema)`.
 * Nothing changes if `status` is not finite.
 *
 * @param params flat [length], `m` and `v` likewise: updated in place, their handles die
 * @param gradients [length]; `rules` [length / 64, 2] factor of lr (0 freezes) and weight decay
 * @param status [6] from `gradStatus`
 * @param ema like params, if their average is wanted: updated in place
 */
export const adamStep: Op<
  [params: Tensor, gradients: Tensor, m: Tensor, v: Tensor, status: Tensor, rules: Tensor, ema?: Tensor],
  AdamStepAttrs,
  readonly Tensor[]
> = /* @__PURE__ */ defineMultiOp({
  name: 'adamStep',
  arity: [6, 7],
  attrs: { betas: [0.9, 0.999], eps: 1e-8, decoupled: false, emaDecay: 0.999, emaWarmUp: false },
  shape([params, gradients, m, v, status, rules, ...ema], attrs) {
    const { betas, eps } = attrs;
    checkArenas('adamStep', { params, gradients, m, v, ...(ema.length > 0 && { ema: ema[0] }) }, rules, status);
    checkParameterAverage('adamStep', attrs);
    if (betas.length !== 2 || !betas.every((b) => b >= 0 && b < 1) || !(eps >= 0)) {
      throw new ShapeError(`adamStep: wants betas in [0, 1) and eps >= 0; got betas ${betas}, eps ${eps}`);
    }
    return [params, m, v, ...ema];
  },
  reference([, gradients, , , status, rules], [params, m, v, ema], attrs) {
    if (status.data[STATUS.finite] === 0) return;
    const [beta1, beta2] = attrs.betas;
    const t = status.data[STATUS.steps];
    const lr = status.data[STATUS.lr];
    const bias1 = 1 - beta1 ** t;
    const bias2 = 1 - beta2 ** t;
    for (let i = 0; i < params.data.length; i++) {
      const [factor, decay] = rules.data.subarray(2 * Math.floor(i / RULE_BLOCK));
      if (factor === 0) continue;
      const p = params.data[i];
      const g = gradients.data[i] * status.data[STATUS.scale] + (attrs.decoupled ? 0 : decay * p);
      m.data[i] += (1 - beta1) * (g - m.data[i]);
      v.data[i] += (1 - beta2) * (g * g - v.data[i]);
      const update = m.data[i] / bias1 / (Math.sqrt(v.data[i] / bias2) + attrs.eps);
      params.data[i] -= lr * factor * ((attrs.decoupled ? decay * p : 0) + update);
      if (ema) moveAverage(ema, params, i, status, attrs);
    }
  },
  launches([, gradients, , , status, rules], updated, attrs, { capabilities }): Launch[] {
    const { betas, eps, decoupled } = attrs;
    // A beta of 0 has no logarithm; -100 stands for it, since e^-100 is as good as 0.
    const logs = betas.map((beta) => Math.max(Math.log(beta), -100));
    const floats = [...betas.map((beta) => 1 - beta), ...logs, eps].map(f32bits);
    const averaged = updated.length > 3;
    const fours = selectFours(capabilities);
    const threads = updated[0].size / 4 / fours;
    const params = [...floats, decoupled ? 1 : 0, ...parameterAverageWords(attrs)];
    return [launchThreads(threads, steps({ averaged, fours }), [gradients, status, rules], updated, params)];
  },
  vjp: null,
  donates: [0, 2, 3, 6],
});
