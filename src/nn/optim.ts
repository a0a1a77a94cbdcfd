import { adamStep } from '../kernels/adamStep.js';
import { sgdStep } from '../kernels/sgdStep.js';
import { STATUS, STATUS_SIZE } from '../kernels/stepStatus.js';
import type { Tensor } from '../tensor/tensor.js';
import { tensorsOf } from '../tensor/tree.js';
import { type StepOptions, updateArenas, zerosLike } from './arenaUpdate.js';

export type { StepOptions } from './arenaUpdate.js';
export type { ParameterGroup } from './parameterGroups.js';

/** Adam's memory: first and second moments under the parameters' paths, and the status of the last step. */
export interface AdamState<P> {
  readonly m: P;
  readonly v: P;
  /** For `readStatus`. */
  readonly status: Tensor;
}

/** Memory of gradient descent: velocities under the parameters' paths, and the status of the last step. */
export interface SgdState<P> {
  readonly velocity: P;
  /** For `readStatus`. */
  readonly status: Tensor;
}

export interface AdamOptions extends StepOptions {
  /** Decay rates of the moments, default 0.9 and 0.999. */
  readonly betas?: readonly [number, number];
  /** Added to the root of the second moment, default 1e-8. */
  readonly eps?: number;
}

export interface SgdOptions extends StepOptions {
  /** Share of the velocity that stays, default 0. */
  readonly momentum?: number;
  /** Share of the gradient that does not reach the velocity, default 0. */
  readonly dampening?: number;
  readonly nesterov?: boolean;
}

/** What the device knows of an optimiser's steps. */
export interface StepStatus {
  /** Steps applied. */
  readonly steps: number;
  /** Steps left out, because a gradient was not finite. */
  readonly skipped: number;
  /** Global norm of the last gradients before clipping, without frozen parameters; NaN if one was not finite. */
  readonly norm: number;
  /** Whether the last step was applied. */
  readonly finite: boolean;
}

/** Reads how the last step went; it waits for the device, so ask now and then, not at each step. */
export async function readStatus(state: { readonly status: Tensor }): Promise<StepStatus> {
  const data = await state.status.data();
  return {
    steps: data[STATUS.steps],
    skipped: data[STATUS.skipped],
    norm: data[STATUS.norm],
    finite: data[STATUS.finite] === 1,
  };
}

/**
 * Adam as PyTorch has it: `m`, `v` running means of g and g^2, `p -= lr mhat / (sqrt(vhat) + eps)`; weight decay goes
 * through the gradient (Kingma and Ba 2015).
 *
 * `init(params)` gives its state, `step(params, gradients, state, options)` the next parameters and state. A step works in
 * place, in one dispatch for all parameters of an arena and two for the norm of the gradients: parameters and state that
 * were passed are dead afterwards, the gradients are disposed of. Options may change from step to step. If a gradient is
 * not finite, the step changes nothing and counts as skipped.
 *
 * @throws ShapeError if the parameters do not come from `packParameters`, which is what lets one dispatch reach all of them
 */
export const adam = {
  init: <P>(params: P): AdamState<P> => initAdam('adam.init', params),
  step: <P>(params: P, gradients: P, state: AdamState<P>, options: AdamOptions): [params: P, state: AdamState<P>] =>
    stepAdam('adam.step', params, gradients, state, options, false),
};

/** Adam with weight decay apart from the gradient, `p -= lr decay p`, by default 0.01 (Loshchilov and Hutter 2019). */
export const adamW = {
  init: <P>(params: P): AdamState<P> => initAdam('adamW.init', params),
  step: <P>(params: P, gradients: P, state: AdamState<P>, options: AdamOptions): [params: P, state: AdamState<P>] =>
    stepAdam('adamW.step', params, gradients, state, { weightDecay: 0.01, ...options }, true),
};

/**
 * Gradient descent as PyTorch has it, with momentum, dampening and Nesterov's variant: `u = momentum u + (1 - dampening) g`,
 * `p -= lr u`; weight decay goes through the gradient. In place like `adam`.
 */
export const sgd = {
  init: <P>(params: P): SgdState<P> => ({ velocity: zerosLike('sgd.init', params), status: newStatus(params) }),

  step<P>(params: P, gradients: P, state: SgdState<P>, options: SgdOptions): [params: P, state: SgdState<P>] {
    const { lr, momentum = 0, dampening = 0, nesterov = false } = options;
    const trees = { params, gradients, moments: [state.velocity] as const, status: state.status };
    const next = updateArenas('sgd.step', trees, options, ({ params: p, gradients: g, moments: [u], status, rules }) =>
      sgdStep(p, g, u, status, rules, { lr, momentum, dampening, nesterov }),
    );
    return [next.params, { velocity: next.moments[0], status: next.status }];
  },
};

function initAdam<P>(by: string, params: P): AdamState<P> {
  return { m: zerosLike(by, params), v: zerosLike(by, params), status: newStatus(params) };
}

function stepAdam<P>(
  by: string,
  params: P,
  gradients: P,
  state: AdamState<P>,
  options: AdamOptions,
  decoupled: boolean,
): [params: P, state: AdamState<P>] {
  const { lr, betas = [0.9, 0.999], eps = 1e-8 } = options;
  const trees = { params, gradients, moments: [state.m, state.v] as const, status: state.status };
  const next = updateArenas(by, trees, options, ({ params: p, gradients: g, moments: [m, v], status, rules }) =>
    adamStep(p, g, m, v, status, rules, { lr, betas, eps, decoupled }),
  );
  return [next.params, { m: next.moments[0], v: next.moments[1], status: next.status }];
}

function newStatus(params: unknown): Tensor {
  return tensorsOf(params)[0].device.zeros([STATUS_SIZE]);
}
