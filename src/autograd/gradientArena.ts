import { arenaOf } from '../tensor/arena.js';
import { Tensor } from '../tensor/tensor.js';
import { assign } from './accumulate.js';
import type { Cotangents } from './sweep.js';
import { type Tape, transient } from './tape.js';

/**
 * For parameters that fill arenas: a gradient arena of the same layout, and each parameter's place in it.
 * Parameters that are part of an arena only get gradients of their own.
 *
 * @param tape on which neighbours may have been joined to one operand, or copied, whose gradient then has their places
 */
export function gradientPlaces(leaves: readonly Tensor[], tape: Tape): Map<number, Tensor> {
  const places = new Map<number, Tensor>();
  const groups = groupByAllocation(leaves);
  for (const [allocation, members] of groups) {
    const arena = arenaOf(allocation);
    if (!arena?.isWhole(members)) continue;
    const gradients = arena.gradients();
    for (const leaf of members) {
      places.set(leaf.id, new Tensor(leaf.device, leaf.shape, leaf.dtype, gradients, leaf.offset));
    }
  }
  for (const { joins, copies, inputs, outputs } of tape.nodes) {
    if (joins) placeJoined(tape, inputs, outputs[0], places);
    if (copies) placeCopies(tape, inputs, outputs, places);
  }
  return places;
}

/** A joined operand's place covers those of its parts, if nothing else will want to write to one of them. */
function placeJoined(tape: Tape, parts: readonly Tensor[], joined: Tensor, places: Map<number, Tensor>): void {
  const [first] = parts;
  const gradients = places.get(first.id)?.allocation;
  const isPlaced = (x: Tensor) => places.get(x.id)?.allocation === gradients && tape.uses.get(x.id) === 1;
  if (!gradients || joined.allocation !== first.allocation || !parts.every(isPlaced)) return;
  places.set(joined.id, new Tensor(joined.device, joined.shape, joined.dtype, gradients, joined.offset));
}

/** The place of a parameter is that of its copy, if nothing else reads the parameter. */
function placeCopies(
  tape: Tape,
  originals: readonly Tensor[],
  copies: readonly Tensor[],
  places: Map<number, Tensor>,
): void {
  originals.forEach((x, i) => {
    const place = places.get(x.id);
    if (place && tape.uses.get(x.id) === 1) places.set(copies[i].id, place);
  });
}

function groupByAllocation(leaves: readonly Tensor[]): Map<Tensor['allocation'], Tensor[]> {
  const groups = new Map<Tensor['allocation'], Tensor[]>();
  for (const leaf of leaves) {
    const group = groups.get(leaf.allocation);
    if (group) group.push(leaf);
    else groups.set(leaf.allocation, [leaf]);
  }
  return groups;
}

/** Copies into the arena what the sweep did not write there: shared cotangents, unused parameters (zeros). */
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
    // First lift what lies in another parameter's place, then copy: no copy overwrites what is still to be read.
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
