import { ShapeError } from '../errors.js';
import { formatShape, sameShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { nameValue } from '../tensor/tree.js';
import { accumulate } from './accumulate.js';
import { observeTape } from './observer.js';
import { type Tape, type TapeNode, transient } from './tape.js';

/** Cotangents by tensor id; each is retained once by this map. */
export type Cotangents = Map<number, Tensor>;

/**
 * Reverse accumulation: walks the tape backwards, turns each node's output cotangents into input cotangents and frees
 * what the node kept, so that memory falls while gradients grow.
 *
 * @param cotangents the retained seeds by tensor id; afterwards, the cotangents of the watched tensors.
 * @param wanted where the gradients of some watched tensors should land, by tensor id: the op that makes the last
 *   contribution is told so. The caller copies what lands elsewhere all the same.
 */
export function sweep(tape: Tape, cotangents: Cotangents, wanted: ReadonlyMap<number, Tensor>): void {
  const places = relayed(tape, wanted);
  for (let node = tape.pop(); node; node = tape.pop()) {
    const gs = node.outputs.map((y) => cotangents.get(y.id));
    const at = { tape: tape.id, node: tape.nodes.length };
    if (gs.some((g) => g !== undefined)) {
      observeTape(() => ({ kind: 'pull', ...at }));
      pullNode(tape, node, gs, cotangents, places);
    }
    for (const x of node.inputs) useUp(tape, x);
    for (const y of node.outputs) {
      const g = cotangents.get(y.id);
      cotangents.delete(y.id);
      g?.release();
    }
    for (const t of node.keep) t.release();
    observeTape(() => ({ kind: 'release', ...at }));
  }
}

function useUp(tape: Tape, x: Tensor): void {
  const uses = tape.uses.get(x.id);
  if (uses !== undefined) tape.uses.set(x.id, uses - 1);
}

function pullNode(
  tape: Tape,
  node: TapeNode,
  gs: readonly (Tensor | undefined)[],
  cotangents: Cotangents,
  places: ReadonlyMap<number, Tensor>,
): void {
  const { inputs } = node;
  const isSame = (x: Tensor) => (other: Tensor) => other.id === x.id;
  // The last contribution completes the sum for an input, so this is the one to be made at the place.
  const finals = inputs.map((x, i) => {
    const isLast = inputs.findLastIndex(isSame(x)) === i && tape.uses.get(x.id) === inputs.filter(isSame(x)).length;
    return isLast ? places.get(x.id) : undefined;
  });
  const isAlone = (x: Tensor, i: number) => !cotangents.has(x.id) && inputs.findIndex(isSame(x)) === i;
  transient(() => {
    const thunks = node.pullback(
      gs,
      inputs.map((x, i) => (isAlone(x, i) ? finals[i] : undefined)),
    );
    checkPerInput(`${node.name}: its VJP`, thunks, inputs.length, isFunction, THUNKS);
    inputs.forEach((x, i) => {
      const thunk = thunks[i];
      if (!thunk || !tape.tracks(x)) return;
      const contribution = thunk();
      checkContribution(node, i, x, contribution);
      const sum = cotangents.get(x.id);
      const next = sum ? accumulate.apply([sum, contribution], {}, [finals[i]]) : contribution;
      next.retain();
      sum?.release();
      cotangents.set(x.id, next);
    });
  });
}

/**
 * The wanted places, and further ones that nodes `relay`: where such a node is the only user of an input that has a place,
 * the cotangent of its output can land there.
 */
function relayed(tape: Tape, wanted: ReadonlyMap<number, Tensor>): ReadonlyMap<number, Tensor> {
  const places = new Map(wanted);
  if (places.size === 0) return places;
  for (const { relay, inputs, outputs } of tape.nodes) {
    const asked = relay?.(inputs.map((x) => (tape.uses.get(x.id) === 1 ? places.get(x.id) : undefined)));
    asked?.forEach((place, i) => {
      if (place) places.set(outputs[i].id, place);
    });
  }
  return places;
}

/**
 * @internal Refuses what is no array with one entry per input, each null or one that `fits`. Operands that were left out
 * may have a null behind the others.
 */
export function checkPerInput(
  by: string,
  given: readonly unknown[],
  count: number,
  fits: (entry: unknown) => boolean,
  [what, remedy]: readonly [what: string, remedy: string],
): void {
  if (!Array.isArray(given) || given.length < count || given.some((entry, i) => i >= count && entry !== null)) {
    throw new ShapeError(
      `${by} gave ${nameValue(given)}, expected an array with ${what} or null for each of ${count} inputs; ${remedy}`,
    );
  }
  const wrong = given.findIndex((entry) => entry !== null && !fits(entry));
  if (wrong < 0) return;
  throw new ShapeError(`${by} gave input ${wrong} ${nameValue(given[wrong])}, expected ${what} or null; ${remedy}`);
}

const isFunction = (entry: unknown) => typeof entry === 'function';
const THUNKS = ['a function that makes the gradient', 'return [() => gradient, ...]'] as const;

function checkContribution(node: TapeNode, i: number, x: Tensor, g: unknown): asserts g is Tensor {
  if (!(g instanceof Tensor)) {
    throw new ShapeError(
      `${node.name}: the gradient of input ${i} is ${nameValue(g)}, expected a tensor; return it from its function`,
    );
  }
  if (!sameShape(g.shape, x.shape)) {
    throw new ShapeError(
      `${node.name}: its VJP gave input ${i} a gradient of shape ${formatShape(g.shape)}, the input is ${formatShape(x.shape)}; ` +
        'sum over the axes that the op broadcasts',
    );
  }
  // The gradient of a float16 filter is a long sum, so it stays float32.
  if (g.dtype === x.dtype || g.dtype === 'float32') return;
  throw new ShapeError(
    `${node.name}: its VJP gave input ${i} a ${g.dtype} gradient, the input is ${x.dtype}; convert it with cast`,
  );
}
