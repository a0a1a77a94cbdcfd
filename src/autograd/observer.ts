import type { Tensor } from '../tensor/tensor.js';

/** Told of an op that has run; an operand that it updated in place is overwritten by then. */
export type OpObserver = (name: string, inputs: readonly Tensor[], outputs: readonly Tensor[]) => void;

/**
 * What a tape did. `tape` is a number that no other tape has; nodes count from 0 in the order in which the tape recorded
 * them. Of a tensor, `id`, `shape` and `dtype` may be read at any time, elements only as long as the program needs them.
 */
export type TapeEvent =
  /** A tape was asked for the gradient of a tensor. The name is its path in the parameters, '' for a tensor alone. */
  | { readonly kind: 'watch'; readonly tape: number; readonly tensor: Tensor; readonly name: string }
  /** A tape recorded an op that has just run, or a function with a VJP of its own; it holds the memory of `keep`. */
  | {
      readonly kind: 'record';
      readonly tape: number;
      readonly node: number;
      readonly name: string;
      readonly inputs: readonly Tensor[];
      readonly outputs: readonly Tensor[];
      readonly keep: readonly Tensor[];
    }
  /** The sweep reached a node that has a cotangent: the ops from here to `release` make the gradients of its inputs. */
  | { readonly kind: 'pull'; readonly tape: number; readonly node: number }
  /** The sweep has passed a node, and the tape let go of what it held for it. */
  | { readonly kind: 'release'; readonly tape: number; readonly node: number };

let opObservers: readonly OpObserver[] = [];
let tapeObservers: readonly ((event: TapeEvent) => void)[] = [];

/** @internal Runs `fn` while `observer`, and whoever observes already, is told of every op, those of VJPs included. */
export function observing<T>(observer: OpObserver, fn: () => T): T {
  const outer = opObservers;
  opObservers = [...outer, observer];
  try {
    return fn();
  } finally {
    opObservers = outer;
  }
}

/** @internal Runs `fn` while `observer`, and whoever observes already, is told of everything that tapes do. */
export function observingTapes<T>(observer: (event: TapeEvent) => void, fn: () => T): T {
  const outer = tapeObservers;
  tapeObservers = [...outer, observer];
  try {
    return fn();
  } finally {
    tapeObservers = outer;
  }
}

/** @internal Tells all observers. */
export const observeOp: OpObserver = (name, inputs, outputs) => {
  for (const observer of opObservers) observer(name, inputs, outputs);
};

/** @internal Tells all observers; without any, the event is not even made. */
export function observeTape(event: () => TapeEvent): void {
  for (const observer of tapeObservers) observer(event());
}
