import { ShapeError } from '../errors.js';
import type { Allocation } from '../tensor/allocation.js';
import { sameShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { eachLeaf, isRecord } from '../tensor/tree.js';

/** Where a tensor of the state lies, or the value of another leaf. */
type Slot =
  | { readonly path: string; readonly allocation: Allocation; readonly offset: number; tensor: Tensor }
  | { readonly path: string; readonly value: unknown };

/** The places of a state's tensors and the values of its other leaves, in the order of the keys. */
export class StateLayout {
  readonly #slots: Slot[] = [];

  constructor(state: unknown) {
    eachLeaf(state, (leaf, path) => {
      if (!(leaf instanceof Tensor)) this.#slots.push({ path, value: leaf });
      else this.#slots.push({ path, allocation: leaf.allocation, offset: leaf.offset, tensor: leaf });
    });
  }

  /**
   * True if the tensors of `state` lie where this layout has them, and nothing but numbers differs.
   * @throws DisposedError if a tensor is gone
   */
  fits(state: unknown): boolean {
    let at = 0;
    const same = (node: unknown): boolean => {
      const slot = this.#slots[at];
      if (node instanceof Tensor) {
        at++;
        node.assertLive('capture');
        if (!slot || 'value' in slot) return false;
        if (slot.tensor === node) return true;
        return slot.allocation === node.allocation && slot.offset === node.offset && isAlike(slot.tensor, node);
      }
      if (Array.isArray(node)) return node.every(same);
      if (isRecord(node)) {
        for (const key in node) if (!same(node[key])) return false;
        return true;
      }
      at++;
      return (
        slot && 'value' in slot && (typeof node === 'number' ? typeof slot.value === 'number' : slot.value === node)
      );
    };
    return same(state) && at === this.#slots.length;
  }

  /**
   * The state after a step: each tensor has a new handle on the same memory, and after a replay each number has grown by its
   * entry of `steps`. The old handles are dead from now on. The layout notes the new ones, so that `fits` recognises them at once.
   *
   * @param state one that `fits`
   */
  renew<S>(state: S, by: string, steps: readonly number[] = []): S {
    const renewed = new Map<Tensor, Tensor>();
    let at = 0;
    let counter = 0;
    const renew = (node: unknown): unknown => {
      if (node instanceof Tensor) {
        let next = renewed.get(node);
        if (!next) {
          next = node.renew(by);
          renewed.set(node, next);
        }
        (this.#slots[at++] as { tensor: Tensor }).tensor = next;
        return next;
      }
      if (Array.isArray(node)) return node.map(renew);
      if (isRecord(node)) {
        const out: Record<string, unknown> = {};
        for (const key in node) out[key] = renew(node[key]);
        return out;
      }
      at++;
      return typeof node === 'number' ? node + (steps[counter++] ?? 0) : node;
    };
    return renew(state) as S;
  }

  /**
   * How much each number of the state grew from this layout to the next.
   * @throws ShapeError naming the leaf that came back otherwise than in place
   */
  stepsTo(next: StateLayout): number[] {
    const steps: number[] = [];
    const after = new Map(next.#slots.map((slot) => [slot.path, slot]));
    for (const slot of this.#slots) {
      const other = after.get(slot.path);
      if (!other) throw refusal(slot.path, 'is missing from the state that the step returned');
      if ('value' in slot) {
        if (!('value' in other)) throw refusal(slot.path, 'was no tensor, and came back as one');
        if (typeof slot.value === 'number' && typeof other.value === 'number') steps.push(other.value - slot.value);
        else if (slot.value !== other.value) throw refusal(slot.path, 'changed, and is neither a tensor nor a number');
      } else if ('value' in other || other.allocation !== slot.allocation || other.offset !== slot.offset) {
        throw refusal(
          slot.path,
          'was not updated in place: it came back in other memory, where no replay would find it',
        );
      } else if (!isAlike(slot.tensor, other.tensor)) throw refusal(slot.path, 'came back with another shape or dtype');
    }
    const known = new Set(this.#slots.map(({ path }) => path));
    const added = next.#slots.find(({ path }) => !known.has(path));
    if (added) throw refusal(added.path, 'was not part of the state that the step was given');
    return steps;
  }
}

function isAlike(a: Tensor, b: Tensor): boolean {
  return a.dtype === b.dtype && sameShape(a.shape, b.shape);
}

function refusal(path: string, what: string): ShapeError {
  return new ShapeError(
    `capture: state '${path}' ${what}; update it with an op that works in place (an optimiser, batch norm, assign), ` +
      'or hand it in and out beside the state',
  );
}
