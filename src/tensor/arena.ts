import { ShapeError } from '../errors.js';
import type { Allocation } from './allocation.js';

import { formatShape } from './shape.js';
import { type Device, Tensor } from './tensor.js';
import { eachTensor, mapTensors, parametersOf, type Tree, tensorsOf } from './tree.js';

/** Leaves start at multiples of 64 floats = 256 bytes, the alignment that every adapter accepts for a binding. */
export const ARENA_ALIGNMENT = 64;

const arenas = new WeakMap<Allocation, Arena>();

/** @internal The arena whose layout an allocation has: it holds the parameters, their gradients or an optimiser's moments. */
export function arenaOf(allocation: Allocation): Arena | undefined {
  return arenas.get(allocation);
}

export interface ArenaSlot {
  readonly path: string;
  readonly offset: number;
  readonly size: number;
}

/** The layout by which many tensors share one allocation. Parameters, their gradients and moments share one layout. */
export class Arena {
  readonly device: Device;
  readonly slots: readonly ArenaSlot[];
  /** Elements, padding included. */
  readonly length: number;
  readonly #idle: Allocation[] = [];
  #drained = false;

  constructor(device: Device, slots: readonly ArenaSlot[], length: number) {
    this.device = device;
    this.slots = slots;
    this.length = length;
  }

  /** True if the tensors are exactly this arena's leaves, in any order; a tied leaf may come several times. */
  isWhole(tensors: readonly Tensor[]): boolean {
    if (new Set(tensors).size !== this.slots.length) return false;
    const at = new Map(tensors.map((t) => [t.offset, t.size]));
    return at.size === this.slots.length && this.slots.every(({ offset, size }) => at.get(offset) === size);
  }

  /** Zeros in this layout. */
  zeros(): Allocation {
    const allocation = this.device.allocate('float32', this.length, true);
    arenas.set(allocation, this);
    return allocation;
  }

  /**
   * Memory for gradients: the padding is zero, the leaves are undefined. When nobody uses it any longer it waits here and
   * not in the device's pool, because another owner would write into the padding.
   */
  gradients(): Allocation {
    const idle = this.#idle.pop();
    if (idle) return idle;
    const allocation = this.zeros();
    allocation.whenUnused = () => {
      if (this.#drained) allocation.free();
      else this.#idle.push(allocation);
    };
    return allocation;
  }

  /** Frees the gradients that wait, and later those still in use; called when the parameters are gone. */
  drain(): void {
    this.#drained = true;
    for (const allocation of this.#idle.splice(0)) allocation.free();
  }
}

/**
 * Moves the tensors of a tree into arenas (several where a binding limit asks for it) and disposes of the originals.
 * Parameters packed like this get their gradients in one buffer and are updated in one dispatch. A tensor that the tree
 * holds several times stays one parameter.
 */
export function packParameters<T>(tree: T): T {
  parametersOf('packParameters', tree);
  const found = new Map<Tensor, { tensor: Tensor; path: string }>();
  eachTensor(tree, (tensor, path) => {
    if (tensor.dtype !== 'float32') {
      throw new ShapeError(
        `packParameters: params.${path} is ${tensor.dtype} ${formatShape(tensor.shape)}; parameters are float32`,
      );
    }
    if (!found.has(tensor)) found.set(tensor, { tensor, path });
  });
  const leaves = [...found.values()];
  const packed = new Map<Tensor, Tensor>();
  for (const group of groupsWithin(leaves)) {
    const { device } = group[0].tensor;
    const slots: ArenaSlot[] = [];
    let length = 0;
    for (const { tensor, path } of group) {
      slots.push({ path, offset: length, size: tensor.size });
      length += padded(tensor.size);
    }
    const arena = new Arena(device, slots, length);
    const allocation = arena.zeros();
    allocation.whenUnused = () => {
      arena.drain();
      allocation.free();
    };
    group.forEach(({ tensor }, i) => {
      const leaf = new Tensor(device, tensor.shape, 'float32', allocation, slots[i].offset);
      device.copy(tensor, leaf);
      packed.set(tensor, leaf);
    });
  }
  const out = mapTensors(tree, (t) => packed.get(t) as Tensor);
  for (const { tensor } of leaves)
    tensor.expire('packParameters has moved it; use the tree that packParameters returned');
  return out;
}

/** @internal The elements that a leaf of that size takes up in an arena. */
export function padded(size: number): number {
  return Math.ceil(size / ARENA_ALIGNMENT) * ARENA_ALIGNMENT;
}

/** Runs of leaves on one device, each within the binding limit. */
function groupsWithin<T extends { tensor: Tensor }>(leaves: readonly T[]): T[][] {
  const groups: T[][] = [];
  let bytes = 0;
  for (const leaf of leaves) {
    const { device, size } = leaf.tensor;
    const group = groups[groups.length - 1];
    bytes += 4 * padded(size);
    if (group && group[0].tensor.device === device && bytes <= device.capabilities.maxBindingBytes) group.push(leaf);
    else {
      groups.push([leaf]);
      bytes = 4 * padded(size);
    }
  }
  return groups;
}

/** @internal The arenas of a tree's tensors as flat tensors [length], or undefined if a tensor lies outside of a whole arena. */
export function flatArenas(tensors: readonly Tensor[]): Tensor[] | undefined {
  const flat: Tensor[] = [];
  for (const [allocation, members] of byAllocation(tensors)) {
    const arena = arenas.get(allocation);
    if (!arena?.isWhole(members)) return undefined;
    flat.push(new Tensor(arena.device, [arena.length], 'float32', allocation));
  }
  return flat;
}

/**
 * The tensors of a tree as a few flat ones, for whoever moves all of their elements: one for every whole arena, as packed
 * parameters, their gradients or moments fill it, padding included, and one for each tensor outside of arenas. They are
 * further handles on the same memory; dispose of them.
 *
 * @param most elements that one may have; longer ones are cut
 * @throws DisposedError if a tensor is no longer there
 */
export function flatPieces(tree: Tree, most = Number.MAX_SAFE_INTEGER): Tensor[] {
  const tensors = [...new Set(tensorsOf(tree))];
  for (const t of tensors) t.assertLive('flatPieces');
  return [...byAllocation(tensors)].flatMap(([allocation, members]) => {
    const arena = arenas.get(allocation);
    const [{ device, dtype }] = members;
    const ranges = arena?.isWhole(members) ? [{ offset: 0, size: arena.length }] : members;
    return ranges.flatMap(({ offset, size }) =>
      Array.from({ length: Math.ceil(size / most) }, (_, k) => {
        const at = k * most;
        return new Tensor(device, [Math.min(most, size - at)], dtype, allocation, offset + at);
      }),
    );
  });
}

/** @internal The tensors of each allocation. */
export function byAllocation(tensors: readonly Tensor[]): Map<Allocation, Tensor[]> {
  const groups = new Map<Allocation, Tensor[]>();
  for (const t of tensors) {
    const group = groups.get(t.allocation);
    if (group) group.push(t);
    else groups.set(t.allocation, [t]);
  }
  return groups;
}
