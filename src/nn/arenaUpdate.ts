import { isRecording, transient } from '../autograd/tape.js';
import { ShapeError } from '../errors.js';
import { gradStatus, scaledGradStatus } from '../kernels/optimiser/gradStatus.js';
import type { LossScaleAttrs } from '../kernels/optimiser/lossScale.js';
import { type Arena, arenaOf, flatArenas } from '../tensor/arena.js';
import { formatShape, sameShape } from '../tensor/shape.js';
import { aliasOf, Tensor } from '../tensor/tensor.js';
import { eachTensor, mapOnce, parametersOf, type Tree, tensorsOf } from '../tensor/tree.js';
import { type ParameterGroup, rulesOf } from './parameterGroups.js';

/** What every optimiser may be told at each step. */
export interface StepOptions {
  /** Learning rate; as a tensor of shape [] it may change on the device from step to step. */
  readonly lr: number | Tensor;
  /** Weight decay of the parameters for which no group has another. */
  readonly weightDecay?: number;
  /** Rules of their own for some parameters, by path. */
  readonly groups?: readonly ParameterGroup[];
  /** Gradients whose global norm is larger are scaled down to it; default: no clipping. */
  readonly clipNorm?: number;
  /** How the loss scale moves, where the state has one; default: as PyTorch's `GradScaler`. */
  readonly lossScale?: Partial<LossScaleAttrs>;
  /** How the average of the parameters moves; wanted by a state made with `{ ema: true }`, and by no other. */
  readonly ema?: AverageOptions;
}

/** A running mean of the parameters, `ema += (1 - decay) (p - ema)` after each step that is applied. */
export interface AverageOptions {
  /** Share of the average that stays, in [0, 1), for example 0.999. */
  readonly decay: number;
  /** The t-th step keeps at most (1 + t) / (10 + t), as TensorFlow's average does; default: `decay` from the start. */
  readonly warmUp?: boolean;
}

/** One arena in the hands of an optimiser kernel, which updates `params` and `moments` in place. */
export interface ArenaStep {
  readonly params: Tensor;
  readonly gradients: Tensor;
  /** In the order of the trees of moments. */
  readonly moments: readonly Tensor[];
  readonly status: Tensor;
  readonly rules: Tensor;
}

/** Zeros with the paths of packed parameters, in arenas of the same layout. */
export function zerosLike<P>(by: string, params: P): P {
  parametersOf(by, params);
  for (const flat of arenasOf(by, 'parameters', params)) flat.dispose();
  const zeros = new Map([...allocationsOf(params)].map((memory) => [memory, (arenaOf(memory) as Arena).zeros()]));
  return mapOnce(params, (p) => new Tensor(p.device, p.shape, p.dtype, zeros.get(p.allocation)!, p.offset));
}

/** Copies of packed parameters, in arenas of the same layout. */
export function copiesOf<P>(by: string, params: P): P {
  const copies = zerosLike(by, params);
  transient(() => {
    const sources = arenasOf(by, 'parameters', params);
    for (const [k, target] of arenasOf(by, 'parameters', copies).entries()) target.device.copy(sources[k], target);
  });
  return copies;
}

/**
 * @internal Refuses a step without a learning rate, because no default suits all; it comes before anything else of a
 * step.
 */
export function checkRate(by: string, options: StepOptions | undefined): void {
  const lr: unknown = options?.lr;
  if (typeof lr === 'number' || lr instanceof Tensor) return;
  throw new ShapeError(
    `${by}: lr, the learning rate, is ${String(lr)}; pass a number or a tensor as the last argument, such as { lr: 1e-3 }`,
  );
}

/** What a step updates in place. */
export interface Updated<P> {
  readonly params: P;
  readonly moments: readonly P[];
  readonly status: Tensor;
  /** [2], moved by `scaledGradStatus`. The gradients belong to the loss times its first element. */
  readonly lossScale?: Tensor;
}

/**
 * One step of an optimiser: gradient status, then `kernel` for every arena. All but the gradients is donated:
 * the trees returned lie in the same memory. The gradients are disposed of.
 *
 * @throws ShapeError if a rate is not a finite number >= 0, if parameters or moments are not packed, or if the gradients
 *   are not those of the parameters
 */
export function updateArenas<P>(
  by: string,
  { gradients, ...updated }: Updated<P> & { gradients: P },
  { lr, weightDecay = 0, groups = [], clipNorm = Number.POSITIVE_INFINITY, lossScale: rule }: StepOptions,
  kernel: (step: ArenaStep) => void,
): Updated<P> {
  if (isRecording()) throw new ShapeError(`${by}: called inside grad or valueAndGrad; a step has no derivative`);
  const { params, moments, status, lossScale } = updated;
  // Before the status counts a step: a refused call leaves everything as it was.
  const [factor, rate] = typeof lr === 'number' ? [lr, 1] : [1, lr];
  if (![factor, weightDecay].every((x) => Number.isFinite(x) && x >= 0)) {
    throw new ShapeError(`${by}: lr and weightDecay must be finite and >= 0, got ${lr} and ${weightDecay}`);
  }
  if (typeof rate !== 'number' && (rate.rank > 0 || rate.dtype !== 'float32')) {
    throw new ShapeError(`${by}: lr must be a number or a float32 tensor of shape [], got ${rate}`);
  }
  parametersOf(by, params);
  eachTensor(gradients, (g) => g.assertLive(by));
  if (rule && !lossScale) {
    throw new ShapeError(
      `${by}: the option lossScale wants a state that has one; make it with init(params, { lossScale: true })`,
    );
  }
  eachTensor(updated, (t) => t.assertDonatable(by));
  const next = mapOnce(updated, (t) => aliasOf(t));
  transient(() => {
    const flatParams = arenasOf(by, 'parameters', params);
    const flatMoments = moments.map((tree) => arenasOf(by, 'moments', tree));
    const flatGradients = gradientArenas(by, params, gradients);
    const rules = flatParams.map((flat) => rulesOf(flat, weightDecay, groups));
    const arenas = flatGradients.flatMap((flat, k) => [flat, rules[k]]);
    const attrs = { clipNorm, lr: factor };
    const current = lossScale
      ? scaledGradStatus.apply([aliasOf(status), aliasOf(lossScale), rate, ...arenas], { ...attrs, ...rule })[0]
      : gradStatus.apply([aliasOf(status), rate, ...arenas], attrs);
    flatParams.forEach((flat, k) => {
      const own = flatMoments.map((flats) => flats[k]);
      kernel({ params: flat, gradients: flatGradients[k], moments: own, status: current, rules: rules[k] });
    });
  });
  for (const t of new Set(tensorsOf(updated))) t.donate(by);
  eachTensor(gradients, (g) => g.dispose());
  return next;
}

function arenasOf(by: string, what: string, tree: Tree): Tensor[] {
  const flat = flatArenas([...new Set(tensorsOf(tree))]);
  if (flat && flat.length > 0) return flat;
  throw new ShapeError(
    what === 'parameters'
      ? `${by}: the parameters do not fill arenas; call params = packParameters(params) once, and pass all that it returned`
      : `${by}: the ${what} do not fill arenas; make them with init, and overwrite their elements with device.write`,
  );
}

function allocationsOf(tree: Tree): Set<Tensor['allocation']> {
  return new Set(tensorsOf(tree).map((t) => t.allocation));
}

/**
 * The gradients as flat arenas in the order of the parameters: those that the sweep has filled, or copies if the
 * gradients came otherwise.
 */
function gradientArenas(by: string, params: Tree, gradients: Tree): Tensor[] {
  const pairs = pairUp(by, params, gradients);
  const fits = pairs.every(
    ([p, g]) =>
      g.offset === p.offset && g.allocation !== p.allocation && arenaOf(g.allocation) === arenaOf(p.allocation),
  );
  const flat = fits ? flatArenas([...new Set(pairs.map(([, g]) => g))]) : undefined;
  if (flat?.length === allocationsOf(params).size) return flat;
  return [...allocationsOf(params)].map((memory) => {
    const arena = arenaOf(memory) as Arena;
    const copies = arena.gradients();
    for (const [p, g] of pairs) {
      if (p.allocation !== memory) continue;
      g.device.copy(g, new Tensor(g.device, g.shape, g.dtype, copies, p.offset));
    }
    return new Tensor(arena.device, [arena.length], 'float32', copies);
  });
}

function pairUp(by: string, params: Tree, gradients: Tree): [parameter: Tensor, gradient: Tensor][] {
  const byPath = new Map<string, Tensor>();
  eachTensor(gradients, (g, path) => byPath.set(path, g));
  const pairs: [Tensor, Tensor][] = [];
  eachTensor(params, (p, path) => {
    const g = byPath.get(path);
    if (!g || !sameShape(g.shape, p.shape) || g.device !== p.device) {
      const got = g ? `is ${formatShape(g.shape)} on ${g.device.kind}` : 'is missing';
      throw new ShapeError(
        `${by}: the gradient of '${path}' ${got}, the parameter is ${formatShape(p.shape)} on ${p.device.kind}; ` +
          'pass what valueAndGrad returned for these parameters',
      );
    }
    pairs.push([p, g]);
  });
  if (pairs.length !== byPath.size) {
    throw new ShapeError(`${by}: ${byPath.size} gradients for ${pairs.length} parameters; their trees must be alike`);
  }
  return pairs;
}
