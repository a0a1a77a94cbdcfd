import { ShapeError } from '../errors.js';
import { checkOptions, type Kinds } from '../tensor/options.js';
import { refusePromise, scope } from '../tensor/scope.js';
import { Scope } from '../tensor/scopeStack.js';
import { formatShape, sameShape } from '../tensor/shape.js';
import { aliasOf, Tensor } from '../tensor/tensor.js';
import { eachTensor, mapTensors, parametersOf, tensorsOf } from '../tensor/tree.js';
import { composed } from './composed.js';
import { gradientPlaces, settleGradients } from './gradientArena.js';
import { once } from './op.js';
import { type Cotangents, checkPerInput, sweep } from './sweep.js';
import { isRecording, type Places, record, recordOn, Tape, withoutTapes } from './tape.js';

/** What `valueAndGrad` may be told. */
export interface GradOptions {
  /** Cotangent of the value, one float32 number, default 1: all gradients are that many times as large. */
  readonly seed?: Tensor;
}

const OPTIONS: Kinds<GradOptions & { readonly aux?: boolean }> = { seed: 'tensor', aux: 'boolean' };

/**
 * Value and gradient: `(p, ...rest) => [f(p, ...rest), df/dp]`; the gradient has the nesting of `p`.
 *
 * Opens a scope: tensors made inside `f` go back to the pool, except what the result reaches. Gradients of parameters
 * that `packParameters` put into an arena lie in an arena of the same layout.
 *
 * @param f synchronous; returns a scalar (any shape of size 1).
 * @throws ShapeError if `f` returns something else, or for an option there is not; TypeError if it returns a promise.
 */
export function valueAndGrad<P, R extends readonly unknown[]>(
  f: (params: P, ...rest: R) => Tensor,
  options?: GradOptions & { readonly aux?: false },
): (params: P, ...rest: R) => [value: Tensor, gradient: P];
/** With `aux`, `f` returns `[loss, aux]` and the result is `[[loss, aux], gradient]`: predictions, running statistics. */
export function valueAndGrad<P, R extends readonly unknown[], X>(
  f: (params: P, ...rest: R) => readonly [loss: Tensor, aux: X],
  options: GradOptions & { readonly aux: true },
): (params: P, ...rest: R) => [value: readonly [loss: Tensor, aux: X], gradient: P];
export function valueAndGrad<P, R extends readonly unknown[]>(
  f: (params: P, ...rest: R) => unknown,
  options: GradOptions & { readonly aux?: boolean } = {},
): (params: P, ...rest: R) => [unknown, P] {
  checkOptions('valueAndGrad', OPTIONS, options);
  const { aux = false, seed } = options;
  return (params, ...rest) =>
    pull(
      'valueAndGrad',
      (p) => f(p, ...rest),
      params,
      (result) => {
        const loss = (aux ? (result as readonly unknown[])[0] : result) as Tensor;
        if (loss?.size !== 1 || loss.dtype !== 'float32') {
          const got = loss?.shape ? `${loss.dtype} ${formatShape(loss.shape)}` : String(loss);
          throw new ShapeError(
            `valueAndGrad: the function must return one float32 number, got ${got}; sum or average it`,
          );
        }
        if (seed && (seed.size !== 1 || seed.dtype !== 'float32')) {
          throw new ShapeError(`valueAndGrad: the seed must be one float32 number, got ${seed}`);
        }
        return [[loss, aliasOf(seed ?? loss.device.scalar(1), loss.shape)]];
      },
    );
}

/** Gradient of a scalar function with the nesting of its first argument, `df/dp`. */
export function grad<P, R extends readonly unknown[]>(
  f: (params: P, ...rest: R) => Tensor,
): (params: P, ...rest: R) => P {
  const both = valueAndGrad(f);
  // The scope frees the value, unless it is a tensor from outside.
  return (params, ...rest) => scope(() => both(params, ...rest)[1]);
}

/**
 * Vector-Jacobian product: `[f(x), g^T df/dx]` for a cotangent `g` of the nesting, shapes and dtypes of `f(x)`.
 */
export function vjp<P, Y>(f: (x: P) => Y, x: P, g: Y): [value: Y, gradient: P] {
  return pull('vjp', f, x, (result) => {
    const ys = tensorsOf(result);
    const gs = tensorsOf(g);
    if (ys.length !== gs.length || ys.some((y, i) => !sameShape(y.shape, gs[i].shape))) {
      const list = (ts: Tensor[]) => ts.map((t) => formatShape(t.shape)).join(' ');
      throw new ShapeError(`vjp: the cotangent (${list(gs)}) must have the shapes of the value (${list(ys)})`);
    }
    const other = ys.findIndex((y, i) => y.dtype !== gs[i].dtype);
    if (other >= 0) {
      throw new ShapeError(
        `vjp: cotangent ${other} is ${gs[other].dtype}, the value ${ys[other].dtype}; convert it with cast`,
      );
    }
    return ys.map((y, i) => [y, gs[i]]);
  });
}

function pull<P, Y>(
  by: string,
  f: (x: P) => Y,
  x: P,
  seed: (result: Y) => (readonly [output: Tensor, cotangent: Tensor])[],
): [Y, P] {
  const leaves = parametersOf(by, x);
  const s = new Scope();
  const tape = new Tape();
  const cotangents: Cotangents = new Map();
  let keep = new Set<Tensor>();
  try {
    eachTensor(x, (leaf, path) => tape.watch(leaf, path));
    const result = recordOn(tape, () => f(x));
    refusePromise(by, result);
    keep = new Set(tensorsOf(result));
    for (const [y, g] of seed(result)) addSeed(cotangents, y, g);
    s.sweep(keep); // frees the user's intermediates, except what the tape has retained for VJPs
    const places = isRecording() ? new Map<number, Tensor>() : gradientPlaces(leaves);
    sweep(tape, cotangents, places);
    settleGradients(leaves, cotangents, places);
    const gradient = mapTensors(x, (leaf) => ownGradient(leaf, cotangents));
    for (const g of tensorsOf(gradient)) keep.add(g);
    return [result, gradient];
  } finally {
    tape.clear();
    for (const g of cotangents.values()) g.release();
    s.close(keep);
  }
}

function addSeed(cotangents: Cotangents, y: Tensor, g: Tensor): void {
  if (cotangents.has(y.id)) throw new ShapeError('vjp: the function returns the same tensor twice; return it once');
  g.retain();
  cotangents.set(y.id, g);
}

/** @internal The gradient of a watched tensor, zeros if nothing reached it; the current scope owns it. */
export function ownGradient(leaf: Tensor, cotangents: Cotangents): Tensor {
  const g = cotangents.get(leaf.id);
  if (!g) return leaf.device.zeros(leaf.shape, leaf.dtype);
  g.retain();
  return g.own();
}

/**
 * A function with a VJP of its own.
 *
 * @param forward returns the value and the residuals that `backward` wants; no tape sees what happens inside.
 * @param backward maps residuals and the value's cotangent to one gradient (or null) per input. For second derivatives
 *   write it with ops; residuals other than the inputs and the value count as constants there. An op may make the gradient
 *   of input `i` where it is wanted, at `places[i]`, as in an op's VJP (`VjpContext.places`).
 */
export function customVjp<I extends readonly Tensor[], R>(
  forward: (...inputs: I) => readonly [value: Tensor, residuals: R],
  backward: (residuals: R, g: Tensor, places: Places) => readonly (Tensor | null)[],
): (...inputs: I) => Tensor {
  return (...inputs) => {
    const returned = withoutTapes(() => forward(...inputs));
    if (!Array.isArray(returned) || !(returned[0] instanceof Tensor)) {
      throw new ShapeError('customVjp: forward must return [value, residuals]');
    }
    const [made, residuals] = returned as readonly [Tensor, R];
    // The value gets a new handle: if it were an input, the tape would take it for that input.
    const value = aliasOf(made);
    const kept = mapTensors(residuals, (t) => (t === made ? value : t));
    record({
      name: 'customVjp',
      inputs,
      outputs: [value],
      keep: tensorsOf(kept),
      pullback: ([g], places) => {
        const gradients = once(() => {
          const given = backward(kept, g as Tensor, places);
          checkPerInput('customVjp: backward', given, inputs.length, isTensor, GRADIENTS);
          return given;
        });
        return inputs.map((x, i) => () => gradients()[i] ?? x.device.zeros(x.shape, x.dtype));
      },
    });
    return value;
  };
}

const isTensor = (entry: unknown) => entry instanceof Tensor;
const GRADIENTS = ['a tensor', 'return [gradient, ...]'] as const;

/**
 * The same values, but a constant for every tape: `d stopGradient(x) / dx = 0`. A second handle on the same memory: it
 * sees later updates in place.
 */
export function stopGradient(x: Tensor): Tensor {
  return composed('stopGradient', [x], () => aliasOf(x));
}
