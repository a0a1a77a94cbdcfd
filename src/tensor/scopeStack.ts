/** What a scope needs to know of a tensor. */
interface Scoped {
  dispose(): void;
  /** No scope holds it any longer. */
  escape(): void;
}

/** The tensors that were made since a scope was opened. Those that it does not return give their memory back when it closes. */
export class Scope {
  #made: Scoped[] = [];
  readonly #parent: Scope | undefined;

  constructor() {
    this.#parent = current;
    current = this;
  }

  adopt(tensor: Scoped): void {
    this.#made.push(tensor);
  }

  /** Disposes of everything made so far but `keep`, which stays with this scope. */
  sweep(keep: ReadonlySet<Scoped>): void {
    const kept: Scoped[] = [];
    for (const t of this.#made) {
      if (keep.has(t)) kept.push(t);
      else t.dispose();
    }
    this.#made = kept;
  }

  /** Ends the scope: `keep` moves to the enclosing scope (or to the user), all else is disposed of. */
  close(keep: ReadonlySet<Scoped>): void {
    if (current !== this) throw new Error('scope: closed out of order; scopes must nest');
    current = this.#parent;
    for (const t of this.#made) {
      if (!keep.has(t)) t.dispose();
      else if (this.#parent) this.#parent.adopt(t);
      else t.escape();
    }
    this.#made = [];
  }
}

/**
 * @internal Makes a tensor for a cache that outlives scopes: neither the scope that is open now nor `dispose()` frees it.
 * It is freed when the cache calls `release()`, or when the cache itself becomes garbage.
 */
export function pinned<T extends Scoped & { retain(): void }>(make: () => T): T {
  const own = new Scope();
  let t: T | undefined;
  try {
    t = make();
    t.retain();
    return t;
  } finally {
    own.close(new Set());
    t?.escape();
  }
}

/** @internal Runs `make` as if no scope were open: what it makes belongs to the caller, who disposes of it. */
export function outsideScopes<T>(make: () => T): T {
  const outer = current;
  current = undefined;
  try {
    return make();
  } finally {
    current = outer;
  }
}

let current: Scope | undefined;

/** @internal Whether a scope is open, to which a tensor made now would belong. */
export function inScope(): boolean {
  return current !== undefined;
}

/** @internal Registers a new tensor with the innermost scope; false if there is none. */
export function adopt(tensor: Scoped): boolean {
  current?.adopt(tensor);
  return current !== undefined;
}
