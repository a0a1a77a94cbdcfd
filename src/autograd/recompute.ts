let recomputing = false;

/**
 * @internal Runs a forward pass a second time, for the intermediates that a checkpoint did not keep. Ops update nothing in
 * place meanwhile, since the first run has done so; the updated values are not there to be read.
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
