import { ShapeError } from '../errors.js';
import { adamStep } from '../kernels/optimiser/adamStep.js';
import { LOSS_SCALE_RANGE } from '../kernels/optimiser/lossScale.js';
import { checkParameterAverage, type ParameterAverageAttrs } from '../kernels/optimiser/parameterAverage.js';
import { sgdStep } from '../kernels/optimiser/sgdStep.js';
import { STATUS, STATUS_SIZE } from '../kernels/optimiser/stepStatus.js';
import { checkOptions, type Kinds } from '../tensor/options.js';
import { Tensor } from '../tensor/tensor.js';
import { tensorsOf } from '../tensor/tree.js';
import { type AverageOptions, checkRate, copiesOf, type StepOptions, updateArenas, zerosLike } from './arenaUpdate.js';

export type { AverageOptions, StepOptions } from './arenaUpdate.js';
export type { ParameterGroup } from './parameterGroups.js';

/** Adam's memory: first and second moments under the parameters' paths, and the status of the last step. */
export interface AdamState<P> {
  readonly m: P;
  readonly v: P;
  /** For `readStatus`. */
  readonly status: Tensor;
  /** The average of the parameters, if `init` was asked for it. Evaluate with it in place of the parameters. */
  readonly ema?: P;
  /** The factor of the loss and the steps since it moved, [2], if `init` was asked for them: see `lossScaleOf`. */
  readonly lossScale?: Tensor;
}

/** Memory of gradient descent: velocities under the parameters' paths, and the status of the last step. */
export interface SgdState<P> {
  readonly velocity: P;
  /** For `readStatus`. */
  readonly status: Tensor;
  /** As in `AdamState`. */
  readonly ema?: P;
  readonly lossScale?: Tensor;
}

/** What `init` may be told. */
export interface InitOptions {
  /** Keep a running average of the parameters, which starts as their copy. */
  readonly ema?: boolean;
  /**
   * Makes room for a loss scale: gradients will be those of the loss times a factor, which keeps small ones from
   * vanishing in float16. `true` starts the factor at 65536, a number at that number. The factor halves when a gradient
   * overflows, and that step is skipped; it doubles after 2000 steps without overflow.
   */
  readonly lossScale?: boolean | number;
}

/** Options of `adam.step` and `adamW.step`. */
export interface AdamOptions extends StepOptions {
  /** Decay rates of the moments, default 0.9 and 0.999. */
  readonly betas?: readonly [number, number];
  /** Added to the root of the second moment, default 1e-8. */
  readonly eps?: number;
}

/** Options of `sgd.step`. */
export interface SgdOptions extends StepOptions {
  /** Share of the velocity that stays, default 0. */
  readonly momentum?: number;
  /** Share of the gradient that does not reach the velocity, default 0. */
  readonly dampening?: number;
  readonly nesterov?: boolean;
}

const INIT_OPTIONS: Kinds<InitOptions> = { ema: 'boolean', lossScale: ['boolean', 'number'] };
const STEP_OPTIONS: Kinds<StepOptions> = {
  lr: ['number', 'tensor'],
  weightDecay: 'number',
  groups: 'array',
  clipNorm: 'number',
  lossScale: 'record',
  ema: 'record',
};
const ADAM_OPTIONS: Kinds<AdamOptions> = { ...STEP_OPTIONS, betas: 'numbers', eps: 'number' };
const SGD_OPTIONS: Kinds<SgdOptions> = {
  ...STEP_OPTIONS,
  momentum: 'number',
  dampening: 'number',
  nesterov: 'boolean',
};
const AVERAGE_OPTIONS: Kinds<AverageOptions> = { decay: 'number', warmUp: 'boolean' };

/** What the device knows of an optimiser's steps. */
export interface StepStatus {
  /** Steps applied. */
  readonly steps: number;
  /** Steps left out, because a gradient or the learning rate was not finite. */
  readonly skipped: number;
  /** Global norm of the last gradients before clipping, without frozen parameters; NaN if one was not finite. */
  readonly norm: number;
  /** Whether the last step was applied. */
  readonly finite: boolean;
  /** Factor of the next loss, if the state has one. */
  readonly lossScale?: number;
}

/**
 * The factor by which a step of mixed precision scales its loss: `valueAndGrad(f, { seed: lossScaleOf(state) })` gives
 * the loss as it is and gradients that are so many times larger; the optimiser divides them again. The factor stays on
 * the device.
 *
 * @throws ShapeError if the state was made without `{ lossScale: true }`
 */
export function lossScaleOf({ lossScale }: { readonly lossScale?: Tensor }): Tensor {
  if (lossScale) return new Tensor(lossScale.device, [], 'float32', lossScale.allocation, lossScale.offset);
  throw new ShapeError('lossScaleOf: the state has no loss scale; make it with init(params, { lossScale: true })');
}

/** Reads how the last step went. It waits for the device, so ask now and then and not at each step. */
export async function readStatus(state: { readonly status: Tensor; readonly lossScale?: Tensor }): Promise<StepStatus> {
  const [data, scale] = await Promise.all([state.status.data(), state.lossScale?.data()]);
  return {
    steps: data[STATUS.steps],
    skipped: data[STATUS.skipped],
    norm: data[STATUS.norm],
    finite: data[STATUS.finite] === 1,
    ...(scale && { lossScale: scale[0] }),
  };
}

/**
 * Adam as PyTorch has it: `m`, `v` running means of g and g^2, `p -= lr mhat / (sqrt(vhat) + eps)`; weight decay goes
 * through the gradient (Kingma and Ba 2015).
 *
 * `init(params)` gives its state, `step(params, gradients, state, options)` the next parameters and state. A step works in
 * place, in one dispatch for all parameters of an arena and two for the norm of the gradients: parameters and state that
 * were passed are dead afterwards, the gradients are disposed of. Options may change from step to step; a learning rate
 * may be a tensor. With `init(params, { ema: true })` and the option `ema` the same dispatch moves an average of the
 * parameters. If a gradient is not finite, the step changes nothing, the average included, and counts as skipped. With
 * `init(params, { lossScale: true })` the gradients are those of a scaled loss: see `lossScaleOf`.
 *
 * @throws ShapeError if the parameters do not come from `packParameters`, which is what lets one dispatch reach all of them, or for an
 *   option there is not
 */
export const adam = {
  init: <P>(params: P, options?: InitOptions): AdamState<P> => initAdam('adam.init', params, options),
  step: <P>(params: P, gradients: P, state: AdamState<P>, options: AdamOptions): [params: P, state: AdamState<P>] =>
    stepAdam('adam.step', params, gradients, state, options, false),
};

/** Adam with weight decay apart from the gradient, `p -= lr decay p`, by default 0.01 (Loshchilov and Hutter 2019). */
export const adamW = {
  init: <P>(params: P, options?: InitOptions): AdamState<P> => initAdam('adamW.init', params, options),
  step: <P>(params: P, gradients: P, state: AdamState<P>, options: AdamOptions): [params: P, state: AdamState<P>] =>
    stepAdam('adamW.step', params, gradients, state, { weightDecay: 0.01, ...options }, true),
};

/**
 * Gradient descent as PyTorch has it, with momentum, dampening and Nesterov's variant: `u = momentum u + (1 - dampening) g`,
 * `p -= lr u`; weight decay goes through the gradient. In place like `adam`.
 */
export const sgd = {
  init: <P>(params: P, options: InitOptions = {}): SgdState<P> => ({
    velocity: zerosLike('sgd.init', params),
    ...startOf('sgd.init', params, options),
  }),

  step<P>(params: P, gradients: P, state: SgdState<P>, options: SgdOptions): [params: P, state: SgdState<P>] {
    checkRate('sgd.step', options);
    checkOptions('sgd.step', SGD_OPTIONS, options);
    const { momentum = 0, dampening = 0, nesterov = false } = options;
    const { attrs, trees: ema } = averageOf('sgd.step', state, options);
    const trees = { params, gradients, moments: [state.velocity, ...ema], ...controlsOf(state) };
    const next = updateArenas('sgd.step', trees, options, ({ params: p, gradients: g, moments, status, rules }) => {
      const [u, ...average] = moments;
      sgdStep.apply([p, g, u, status, rules, ...average], { momentum, dampening, nesterov, ...attrs });
    });
    const [velocity, ...average] = next.moments;
    return [next.params, { velocity, ...controlsOf(next), ...namedAverage(average) }];
  },
};

function initAdam<P>(by: string, params: P, options: InitOptions = {}): AdamState<P> {
  return { m: zerosLike(by, params), v: zerosLike(by, params), ...startOf(by, params, options) };
}

function stepAdam<P>(
  by: string,
  params: P,
  gradients: P,
  state: AdamState<P>,
  options: AdamOptions,
  decoupled: boolean,
): [params: P, state: AdamState<P>] {
  checkRate(by, options);
  checkOptions(by, ADAM_OPTIONS, options);
  const { betas = [0.9, 0.999], eps = 1e-8 } = options;
  const { attrs, trees: ema } = averageOf(by, state, options);
  const trees = { params, gradients, moments: [state.m, state.v, ...ema], ...controlsOf(state) };
  const next = updateArenas(by, trees, options, ({ params: p, gradients: g, moments, status, rules }) => {
    const [m, v, ...average] = moments;
    adamStep.apply([p, g, m, v, status, rules, ...average], { betas, eps, decoupled, ...attrs });
  });
  const [m, v, ...average] = next.moments;
  return [next.params, { m, v, ...controlsOf(next), ...namedAverage(average) }];
}

/** The part of a state that is about its steps and not about single parameters. */
interface Controls {
  readonly status: Tensor;
  readonly lossScale?: Tensor;
}

function controlsOf({ status, lossScale }: Controls): Controls {
  return lossScale ? { status, lossScale } : { status };
}

function startOf<P>(by: string, params: P, options: InitOptions): Controls & { readonly ema?: P } {
  checkOptions(by, INIT_OPTIONS, options);
  const { ema = false, lossScale = false } = options;
  const { device } = tensorsOf(params)[0];
  const first = lossScale === true ? INITIAL_LOSS_SCALE : lossScale;
  const [least, most] = LOSS_SCALE_RANGE;
  if (first !== false && !(first >= least && first <= most)) {
    throw new ShapeError(`${by}: a loss scale starts between ${least} and ${most}, got ${first}`);
  }
  return {
    status: device.zeros([STATUS_SIZE]),
    ...(first !== false && { lossScale: device.tensor([first, 0], [2], 'float32') }),
    ...(ema && { ema: copiesOf(by, params) }),
  };
}

/** As PyTorch's `GradScaler` starts. */
const INITIAL_LOSS_SCALE = 65536;

/** The average as one more tree beside the moments, or none. Throws if only one of the state and the options has it. */
function averageOf<P>(
  by: string,
  { ema: tree }: { readonly ema?: P },
  { ema }: StepOptions,
): { attrs: Partial<ParameterAverageAttrs>; trees: readonly P[] } {
  if ((tree === undefined) !== (ema === undefined)) {
    throw new ShapeError(
      ema
        ? `${by}: the option ema wants a state with an average; make it with init(params, { ema: true })`
        : `${by}: the state has an average of the parameters; say how it moves with ema: { decay: 0.999 }`,
    );
  }
  if (tree === undefined || ema === undefined) return { attrs: {}, trees: [] };
  checkOptions(by, AVERAGE_OPTIONS, ema, 'option of ema');
  checkParameterAverage(by, { emaDecay: ema.decay });
  return { attrs: { emaDecay: ema.decay, emaWarmUp: ema.warmUp }, trees: [tree] };
}

function namedAverage<P>([ema]: readonly P[]): { ema?: P } {
  return ema === undefined ? {} : { ema };
}
