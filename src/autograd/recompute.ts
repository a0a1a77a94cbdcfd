let recomputing = false;

/**
 * @internal Runs a forward pass for the second time, for the sake of its intermediates: what it updated in place the first
 * time is not updated again, and the new values of it are not there.
 */
export function recompute<T>(fn: () => T): T {
  const outer = recomputing;
  recomputing = true;
  try {
    return fn();
  } finally {
    recomputing = outer;
  }
}

/** @internal True inside of `recompute`. */
export function isRecomputing(): boolean {
  return recomputing;
}
