/** What a scope needs to know of a tensor. */
interface Scoped {
  dispose(): void;
  /** No scope holds it any longer. */
  escape(): void;
}

/** The tensors made since a scope was opened. A scope is an arena: what it does not return goes back to the pool. */
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
 * @internal Makes a tensor that neither the scope of whoever asked first nor `dispose()` takes away: a cache holds it, and
 * lets it go by `release()` or by becoming garbage itself.
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

/** @internal Runs `make` as if no scope were open: what it makes is its owner's alone, who calls `dispose()`. */
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

/** @internal Whether a scope is open, which would hold what is made now. */
export function inScope(): boolean {
  return current !== undefined;
}

/** @internal Registers a new tensor with the innermost scope; false if there is none. */
export function adopt(tensor: Scoped): boolean {
  current?.adopt(tensor);
  return current !== undefined;
}
