import type { Tensor } from '../tensor/tensor.js';
import { observing, observingTapes, type TapeEvent } from './observer.js';

/** What `traceTapes` tells: an op ran, forwards or in the VJP of a node, or a tape did something. */
export type TraceEvent =
  | {
      readonly kind: 'op';
      readonly name: string;
      readonly inputs: readonly Tensor[];
      readonly outputs: readonly Tensor[];
    }
  | TapeEvent;

/**
 * Runs `fn` and tells `told` of every op and of everything that tapes do, in the order of time: what is recorded, what is kept
 * for the sweep, how the sweep goes back and what it lets go. It shows how gradients come about; nothing is computed
 * otherwise than without it. A captured step has no tape when it is replayed, so nothing but its first runs is told.
 *
 * @param fn synchronous, as functions under `grad` are.
 * @param told is called while `fn` runs; what it throws stops `fn`. `device.memory()` tells it how much is held just then.
 * @returns what `fn` returned.
 */
export function traceTapes<T>(fn: () => T, told: (event: TraceEvent) => void): T {
  const tellOp = (name: string, inputs: readonly Tensor[], outputs: readonly Tensor[]) =>
    told({ kind: 'op', name, inputs, outputs });
  return observing(tellOp, () => observingTapes(told, fn));
}
