import { Scope } from './scopeStack.js';
import type { Tensor } from './tensor.js';
import { tensorsOf } from './tree.js';

const NOTHING: ReadonlySet<Tensor> = new Set();

/**
 * Runs `fn` and gives back to the pool every tensor made inside that its return value does not reach.
 *
 * @param fn synchronous; tensors in nested records and arrays of its return value live on.
 * @throws TypeError if `fn` returns a promise: tensors made after an `await` would belong to no scope.
 */
export function scope<T>(fn: () => T): T {
  const s = new Scope();
  let keep = NOTHING;
  try {
    const result = fn();
    refusePromise('scope', result);
    keep = new Set(tensorsOf(result));
    return result;
  } finally {
    s.close(keep);
  }
}

/** @internal Throws if a function that must be synchronous returned a promise. */
export function refusePromise(by: string, result: unknown): void {
  if (typeof (result as PromiseLike<unknown> | undefined)?.then === 'function') {
    throw new TypeError(
      `${by}: the function returned a promise; it must be synchronous. Await data before or after ${by}.`,
    );
  }
}
