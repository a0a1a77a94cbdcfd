import { isRecording, type Places, record } from '../../autograd/tape.js';
import { arenaOf, padded } from '../../tensor/arena.js';
import type { Shape } from '../../tensor/shape.js';
import { sizeOf } from '../../tensor/shape.js';
import { Tensor } from '../../tensor/tensor.js';
import { tensorsOf } from '../../tensor/tree.js';
import { reshape } from './reshape.js';
import { slice } from './slice.js';

/** Where tensors of these shapes lie in what `flatten` returns: the first elements, and the length of the whole. */
export function flatOffsets(shapes: readonly Shape[]): {
  readonly offsets: readonly number[];
  readonly length: number;
} {
  let length = 0;
  const offsets = shapes.map((shape) => {
    const at = length;
    length += padded(sizeOf(shape));
    return at;
  });
  return { offsets, length };
}

/**
 * The tensors of a tree as one tensor [length], each from the next multiple of 64 elements on, zeros between: many
 * parameters as one operand of an op. Neighbours in an arena of `packParameters` are taken where they lie; others are
 * copied. The gradient is one tensor, of which each tensor of the tree gets a view. If the tree's places in a gradient
 * arena are neighbours, the gradient is made there.
 *
 * @param tree of float32 tensors on one device, in the order of its keys
 */
export function flatten(tree: unknown): Tensor {
  const leaves = tensorsOf(tree);
  for (const leaf of leaves) leaf.assertLive('flatten');
  const { offsets, length } = flatOffsets(leaves.map(({ shape }) => shape));
  const { device, allocation, offset } = leaves[0];
  const lieSo =
    arenaOf(allocation) !== undefined &&
    leaves.every((leaf, i) => leaf.allocation === allocation && leaf.offset === offset + offsets[i]);
  const flat = lieSo ? new Tensor(device, [length], 'float32', allocation, offset) : device.zeros([length]);
  if (!lieSo)
    leaves.forEach((leaf, i) => {
      device.copy(leaf, view(flat, leaf.shape, offsets[i]));
    });
  record({
    name: 'flatten',
    inputs: leaves,
    outputs: [flat],
    keep: [],
    relay: (places) => [joined(places, offsets, length)],
    pullback: ([g]) =>
      leaves.map(
        ({ shape }, i) =>
          () =>
            part(g as Tensor, shape, offsets[i]),
      ),
  });
  return flat;
}

/** One place that covers all places, if they are neighbours in the same order. */
function joined(places: Places, offsets: readonly number[], length: number): Tensor | undefined {
  const [first] = places;
  if (!first) return undefined;
  const { device, dtype, allocation, offset } = first;
  const areNeighbours = places.every(
    (place, i) => place?.allocation === allocation && place.offset === offset + offsets[i],
  );
  return areNeighbours ? new Tensor(device, [length], dtype, allocation, offset) : undefined;
}

/** The tensor of that shape from element `offset` of a flat one on, as an op. */
export function unflatten(flat: Tensor, shape: Shape, offset: number): Tensor {
  return reshape(slice(flat, { begin: [offset], end: [offset + sizeOf(shape)] }), { shape });
}

/** A view costs nothing, but a tape does not see it: while one records, an op takes the part. */
function part(g: Tensor, shape: Shape, offset: number): Tensor {
  return isRecording() ? unflatten(g, shape, offset) : view(g, shape, offset);
}

function view(flat: Tensor, shape: Shape, offset: number): Tensor {
  return new Tensor(flat.device, shape, flat.dtype, flat.allocation, flat.offset + offset);
}
