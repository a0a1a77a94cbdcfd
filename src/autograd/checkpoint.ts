import { ShapeError } from '../errors.js';
import { Rng } from '../tensor/rng.js';
import { refusePromise, scope } from '../tensor/scope.js';
import { formatShape, sameShape } from '../tensor/shape.js';
import { aliasOf, nextTensorId, type Tensor } from '../tensor/tensor.js';
import { mapTensors, tensorsOf } from '../tensor/tree.js';
import { accumulate } from './accumulate.js';
import { ownGradient } from './grad.js';
import { observing } from './observer.js';
import { once } from './op.js';
import { recompute } from './recompute.js';
import { type Cotangents, sweep } from './sweep.js';
import { guarded, isRecording, isTracked, nameOf, type Places, record, recordOn, Tape, type TapeNode } from './tape.js';

type Pass = () => unknown;

/**
 * The same function for less memory: `f` runs without keeping its intermediates, and a second time when its gradient is
 * wanted (Chen et al. 2016, "Training deep nets with sublinear memory cost").
 *
 * Gradients are the same bits, but for the order of a sum where a tensor is used inside and outside of `f`. The second run
 * updates nothing in place (running statistics move once) and draws the random numbers of the first. Checkpoints nest, and
 * can be differentiated as often as `f`.
 *
 * @param f synchronous. Everything that needs a gradient comes as an argument, in records and arrays if you like; constants
 *   may be captured.
 * @throws ShapeError that names a captured tensor whose gradient would be missing; if the second run differs from the first
 */
export function checkpoint<A extends readonly unknown[], Y>(f: (...args: A) => Y): (...args: A) => Y {
  return (...args) => {
    if (!isRecording()) return f(...args);
    const given = new Set(tensorsOf(args));
    const inputs = [...given].filter(isTracked);
    const oldest = nextTensorId();
    const captured = new Set<Tensor>();
    const watch = (_: string, operands: readonly Tensor[]) => {
      for (const x of operands) if (x.id < oldest && !given.has(x)) captured.add(x);
    };
    const forward = () => scope(() => refused(f(...args)));
    const [made, draws] = Rng.observed(() => observing(watch, () => guarded(given, refuse, forward)));
    const result = freshHandles(made, oldest);
    const outputs = tensorsOf(result);
    record({
      name: 'checkpoint',
      inputs,
      outputs,
      keep: [...given, ...captured].filter((t) => !t.disposed),
      pullback(gs, places) {
        const again = () => recompute(() => Rng.repeated(draws, () => f(...args)));
        const gradients = once(() => pullThrough(again, inputs, outputs, gs, places));
        return inputs.map((_, i) => () => gradients()[i]);
      },
    });
    return result;
  };
}

function refused<T>(result: T): T {
  refusePromise('checkpoint', result);
  return result;
}

function refuse(node: TapeNode, culprit: Tensor): never {
  const name = nameOf(culprit);
  const what = name ? `'${name}' ${formatShape(culprit.shape)}` : `tensor ${culprit.id} ${formatShape(culprit.shape)}`;
  throw new ShapeError(
    `checkpoint: ${node.name} reads ${what}, which needs a gradient but is no argument of the function, so that its ` +
      'gradient would be missing; pass it as an argument (records and arrays may be), or stopGradient it',
  );
}

/** New handles for tensors from elsewhere or returned twice: a tape tells outputs apart by their handles. */
function freshHandles<T>(made: T, oldest: number): T {
  const seen = new Set<Tensor>();
  return mapTensors(made, (t) => {
    if (t.id < oldest || seen.has(t)) return aliasOf(t);
    seen.add(t);
    return t;
  });
}

/** The gradients of `inputs`: runs the function again under a tape of its own and sweeps it. */
function pullThrough(
  again: Pass,
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  gs: readonly (Tensor | undefined)[],
  places: Places,
): Tensor[] {
  const tape = new Tape();
  const cotangents: Cotangents = new Map();
  return scope(() => {
    try {
      for (const x of inputs) tape.watch(x, nameOf(x));
      scope(() => {
        const made = tensorsOf(recordOn(tape, again));
        checkAlike(made, outputs);
        for (const [i, y] of made.entries()) addSeed(cotangents, y, gs[i]);
      });
      sweep(tape, cotangents, new Map(inputs.flatMap((x, i) => (places[i] ? [[x.id, places[i]]] : []))));
      return inputs.map((x) => ownGradient(x, cotangents));
    } finally {
      tape.clear();
      for (const g of cotangents.values()) g.release();
    }
  });
}

function addSeed(cotangents: Cotangents, y: Tensor, g: Tensor | undefined): void {
  if (!g) return;
  const sum = cotangents.get(y.id);
  const next = sum ? accumulate(sum, g) : g;
  next.retain();
  sum?.release();
  cotangents.set(y.id, next);
}

function checkAlike(made: readonly Tensor[], outputs: readonly Tensor[]): void {
  if (made.length === outputs.length && made.every((y, i) => sameShape(y.shape, outputs[i].shape))) return;
  const list = (ts: readonly Tensor[]) => ts.map((t) => formatShape(t.shape)).join(' ');
  throw new ShapeError(
    `checkpoint: the function returned ${list(outputs)} at first and ${list(made)} when it was run again; ` +
      'it must depend on its arguments alone',
  );
}
