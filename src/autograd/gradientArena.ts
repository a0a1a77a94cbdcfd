import { arenaOf, byAllocation } from '../tensor/arena.js';
import { Tensor } from '../tensor/tensor.js';
import { assign } from './accumulate.js';
import type { Cotangents } from './sweep.js';
import { transient } from './tape.js';

/**
 * For parameters that fill arenas: a gradient arena of the same layout, and each parameter's place in it.
 * Parameters that are part of an arena only get gradients of their own.
 */
export function gradientPlaces(leaves: readonly Tensor[]): Map<number, Tensor> {
  const places = new Map<number, Tensor>();
  for (const [allocation, members] of byAllocation(leaves)) {
    const arena = arenaOf(allocation);
    if (!arena?.isWhole(members)) continue;
    const gradients = arena.gradients();
    for (const leaf of members) {
      places.set(leaf.id, new Tensor(leaf.device, leaf.shape, leaf.dtype, gradients, leaf.offset));
    }
  }
  return places;
}

/**
 * Copies those gradients into the arena that did not land there: cotangents that several tensors share, and gradients whose
 * VJP made them elsewhere. A parameter without a gradient gets zeros.
 */
export function settleGradients(
  leaves: readonly Tensor[],
  cotangents: Cotangents,
  places: ReadonlyMap<number, Tensor>,
): void {
  if (places.size === 0) return;
  const isAt = (g: Tensor, place: Tensor) => g.allocation === place.allocation && g.offset === place.offset;
  const replace = (leaf: Tensor, next: Tensor) => {
    next.retain();
    cotangents.get(leaf.id)?.release();
    cotangents.set(leaf.id, next);
  };
  transient(() => {
    // What lies in another parameter's place is moved out first, so that no copy overwrites what is still to be read.
    for (const leaf of leaves) {
      const place = places.get(leaf.id);
      const g = cotangents.get(leaf.id);
      if (place && g && g.allocation === place.allocation && !isAt(g, place)) {
        replace(leaf, assign(leaf.device.zeros(leaf.shape), g));
      }
    }
    for (const leaf of leaves) {
      const place = places.get(leaf.id);
      const g = cotangents.get(leaf.id);
      if (place && !(g && isAt(g, place))) replace(leaf, assign(place, g ?? leaf.device.scalar(0)));
    }
  });
}
