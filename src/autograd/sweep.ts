import { ShapeError } from '../errors.js';
import { formatShape, sameShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { accumulate } from './accumulate.js';
import { withDestinations } from './destinations.js';
import { type Tape, type TapeNode, transient } from './tape.js';

/** Cotangents by tensor id; each is retained once by this map. */
export type Cotangents = Map<number, Tensor>;

/**
 * Reverse accumulation: walks the tape backwards, turns each node's output cotangents into input cotangents and frees
 * what the node kept, so that memory falls while gradients grow.
 *
 * @param cotangents seeds by tensor id, retained; afterwards what is left are the cotangents of watched tensors.
 * @param places where the gradients of some watched tensors are wanted, by tensor id.
 */
export function sweep(tape: Tape, cotangents: Cotangents, places: ReadonlyMap<number, Tensor>): void {
  for (let node = tape.pop(); node; node = tape.pop()) {
    const gs = node.outputs.map((y) => cotangents.get(y.id));
    if (gs.some((g) => g !== undefined)) pullNode(tape, node, gs, cotangents, places);
    for (const x of node.inputs) useUp(tape, x);
    for (const y of node.outputs) {
      const g = cotangents.get(y.id);
      cotangents.delete(y.id);
      g?.release();
    }
    for (const t of node.keep) t.release();
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
  const usesHere = (x: Tensor) => node.inputs.filter((other) => other.id === x.id).length;
  const isLast = (x: Tensor) => tape.uses.get(x.id) === usesHere(x);
  const final = new Map<number, Tensor>();
  for (const x of node.inputs) {
    const place = places.get(x.id);
    if (place && isLast(x)) final.set(x.id, place);
  }
  const wanted = node.placesGradients ? [] : [...final.values()];
  transient(() =>
    withDestinations(wanted, () => {
      const thunks = node.pullback(gs, final);
      node.inputs.forEach((x, i) => {
        const thunk = thunks[i];
        if (!thunk || !tape.tracks(x)) return;
        const contribution = thunk();
        checkContribution(node, i, x, contribution);
        const sum = cotangents.get(x.id);
        const next = sum ? accumulate(sum, contribution) : contribution;
        next.retain();
        sum?.release();
        cotangents.set(x.id, next);
      });
    }),
  );
}

function checkContribution(node: TapeNode, i: number, x: Tensor, g: Tensor): void {
  if (!sameShape(g.shape, x.shape)) {
    throw new ShapeError(
      `${node.name}: its VJP gave input ${i} a gradient of shape ${formatShape(g.shape)}, the input is ${formatShape(x.shape)}; ` +
        'sum over the axes that the op broadcasts',
    );
  }
  // That of a float16 filter is a long sum and stays float32.
  if (g.dtype === x.dtype || g.dtype === 'float32') return;
  throw new ShapeError(
    `${node.name}: its VJP gave input ${i} a ${g.dtype} gradient, the input is ${x.dtype}; convert it with cast`,
  );
}
