/** A device buffer with what the encoder and the pool need to know about it. */
export interface PoolBuffer {
  readonly id: number;
  readonly buffer: GPUBuffer;
  readonly bytes: number;
  /** Serial of the last command buffer that uses it. */
  lastUse: number;
  /** The turn in which a scope last took it. */
  turn: Turn | undefined;
}

/** A turn in the order in which scopes take buffers of one size. */
interface Turn {
  readonly rank: number;
  /** Absent after the buffer has left the scopes, until another one stands in. */
  buffer: PoolBuffer | undefined;
  waits: boolean;
}

/** Whether a scope has taken it and has not handed it out since. */
export function isScoped(buffer: PoolBuffer): boolean {
  return buffer.turn?.buffer === buffer;
}

/**
 * The free buffers of one size, in an order that does not depend on when they came back, so that every repetition of a
 * step gets the same buffers and finds its bind groups in the cache. (Last in, first out permutes them at every step.)
 *
 * A scope takes buffers in turns, the lowest rank first. What a scope returns leaves with the result and comes back at any
 * time, or when the garbage collector finds it: it keeps no turn. Its turn stays in the order, and the next step that takes
 * this turn gets another buffer for it. So only what touches this one buffer is new, instead of all that comes after it.
 * What is made outside of scopes is taken from the buffers without a turn, the lowest id first.
 */
export class Shelf {
  /** By falling rank: the end is taken first. */
  readonly #turns: Turn[] = [];
  /** Buffers without a turn, by falling id. */
  readonly #strays: PoolBuffer[] = [];
  #ranks = 0;

  /** @param scoped whether a scope takes it, and will give it back unless it returns it */
  take(scoped: boolean, make: () => PoolBuffer): PoolBuffer {
    if (!scoped) return this.#strays.pop() ?? make();
    const turn = this.#turns.at(-1) ?? { rank: this.#ranks, buffer: undefined, waits: false };
    const buffer = turn.buffer ?? this.#strays.pop() ?? make(); // may throw, so nothing has changed before
    if (turn.waits) this.#turns.pop();
    else this.#ranks++;
    turn.waits = false;
    turn.buffer = buffer;
    buffer.turn = turn;
    return buffer;
  }

  give(buffer: PoolBuffer): void {
    const { turn } = buffer;
    if (turn && isScoped(buffer)) this.#wait(turn);
    else if (turn?.waits && !turn.buffer)
      turn.buffer = buffer; // before anyone has taken its turn
    else insert(this.#strays, buffer, ({ id }) => id);
  }

  /** The scopes have handed out a buffer that a user keeps for as long as they like. @returns whether that is new */
  leave(buffer: PoolBuffer): boolean {
    if (!isScoped(buffer)) return false;
    const turn = buffer.turn as Turn;
    turn.buffer = undefined;
    this.#wait(turn);
    return true;
  }

  /** Takes all that is there. */
  clear(): PoolBuffer[] {
    const turns = this.#turns.splice(0);
    for (const turn of turns) turn.waits = false;
    return [...turns.flatMap(({ buffer }) => buffer ?? []), ...this.#strays.splice(0)];
  }

  #wait(turn: Turn): void {
    turn.waits = true;
    insert(this.#turns, turn, ({ rank }) => rank);
  }
}

/** Puts an item where it belongs in a list with falling keys. */
function insert<T>(list: T[], item: T, keyOf: (item: T) => number): void {
  const key = keyOf(item);
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keyOf(list[middle]) > key) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, item);
}
