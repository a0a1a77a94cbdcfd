import type { Tensor } from '../tensor/tensor.js';

/** Told of an op that has run; an operand that it updated in place is overwritten by then. */
export type OpObserver = (name: string, inputs: readonly Tensor[], outputs: readonly Tensor[]) => void;

let observers: readonly OpObserver[] = [];

/** @internal Runs `fn` while `observer`, and whoever observes already, is told of every op, those of VJPs included. */
export function observing<T>(observer: OpObserver, fn: () => T): T {
  const outer = observers;
  observers = [...outer, observer];
  try {
    return fn();
  } finally {
    observers = outer;
  }
}

/** @internal Tells all observers. */
export const observeOp: OpObserver = (name, inputs, outputs) => {
  for (const observer of observers) observer(name, inputs, outputs);
};
