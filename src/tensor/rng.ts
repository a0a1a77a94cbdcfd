/** Seeded, counter-based random numbers: threefry2x32-20 (Salmon et al., SC 2011), the same bits here and in WGSL. */

import { DataError } from '../errors.js';

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/** One threefry2x32 block of 20 rounds: 64 bits of counter to 64 random bits, as two uint32. */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number): [number, number] {
  const keys = [k0, k1, k0 ^ k1 ^ 0x1bd11bda];
  let x = (c0 + k0) | 0;
  let y = (c1 + k1) | 0;
  for (let round = 0; round < 20; round++) {
    const r = ROTATIONS[round % 8];
    x = (x + y) | 0;
    y = ((y << r) | (y >>> (32 - r))) ^ x;
    if (round % 4 === 3) {
      const s = (round + 1) / 4;
      x = (x + keys[s % 3]) | 0;
      y = (y + keys[(s + 1) % 3] + s) | 0;
    }
  }
  return [x >>> 0, y >>> 0];
}

/** The state of a generator, from which another one can go on. */
export interface RngState {
  readonly key: readonly [number, number];
  readonly counter: number;
}

/** @internal Where a generator stands. Normals are made in pairs; `spare` is the second of a pair that is still to be drawn. */
interface Position {
  readonly counter: number;
  readonly spare: number | undefined;
}

/** @internal Where generators stood before something drew from them. */
export type Draws = ReadonlyMap<Rng, Position>;

let drawn: Map<Rng, Position> | undefined;

/**
 * A stream of random numbers: value `i` is a pure function of (key, i).
 * Pass one explicitly wherever randomness is wanted; `split` gives independent streams.
 */
export class Rng {
  #key: readonly [number, number];
  #counter = 0;
  #spare: number | undefined;

  /**
   * @param seed an integer from 0 to 2^53 - 1
   * @param stream an independent stream of the same seed, from 0 to 2^32 - 1
   * @throws DataError for any other number
   */
  constructor(seed: number, stream = 0) {
    checkInteger('Rng: seed', seed, 53);
    checkInteger('Rng: stream', stream, 32);
    const high = Math.floor(seed / 2 ** 32);
    this.#key = threefry2x32(seed >>> 0, high >>> 0, stream >>> 0, 0x5eed);
  }

  get key(): readonly [number, number] {
    return this.#key;
  }

  /**
   * A generator that goes on from a saved state.
   * @throws DataError if its numbers are not those of a state
   */
  static from({ key: [k0, k1], counter }: RngState): Rng {
    for (const n of [k0, k1, counter]) checkInteger('Rng.from: key and counter', n, 53);
    const rng = new Rng(0);
    rng.#key = [k0, k1];
    rng.#counter = counter;
    return rng;
  }

  /** The state to save. The second normal of a pair is not part of it, so save after an even number of normals. */
  get state(): RngState {
    return { key: this.key, counter: this.#counter };
  }

  /** @internal Runs `fn`, and returns beside its result where each generator that it drew from stood before. */
  static observed<T>(fn: () => T): [result: T, before: Draws] {
    const outer = drawn;
    const own = new Map<Rng, Position>();
    drawn = own;
    try {
      return [fn(), own];
    } finally {
      drawn = outer;
      if (outer) for (const [rng, position] of own) if (!outer.has(rng)) outer.set(rng, position);
    }
  }

  /** @internal Runs `fn` with generators set back to where they stood; afterwards they go on as if it had not drawn. */
  static repeated<T>(before: Draws, fn: () => T): T {
    const now = [...before.keys()].map((rng) => [rng, rng.#position] as const);
    for (const [rng, position] of before) rng.#position = position;
    try {
      return fn();
    } finally {
      for (const [rng, position] of now) rng.#position = position;
    }
  }

  get #position(): Position {
    return { counter: this.#counter, spare: this.#spare };
  }

  set #position({ counter, spare }: Position) {
    this.#counter = counter;
    this.#spare = spare;
  }

  /** Tells `observed` where the generator stands; to be called before it moves. */
  #note(): void {
    if (drawn && !drawn.has(this)) drawn.set(this, this.#position);
  }

  /** Sets `count` counters aside for a kernel that draws them on the device; returns the first. */
  reserve(count: number): number {
    this.#note();
    this.#spare = undefined;
    const first = this.#counter;
    this.#counter += count;
    return first;
  }

  /** A uniform integer in [0, 2^32). */
  uint32(): number {
    this.#note();
    const c = this.#counter++;
    return threefry2x32(this.key[0], this.key[1], c >>> 0, Math.floor(c / 2 ** 32))[0];
  }

  /** Uniform in [0, 1), a multiple of 2^-24, so that float32 holds it exactly. */
  uniform(): number {
    return (this.uint32() >>> 8) * 2 ** -24;
  }

  /** Standard normal by Box-Muller, `sqrt(-2 ln u) cos(2 pi v)` and its sine twin. */
  normal(): number {
    if (this.#spare !== undefined) {
      this.#note();
      const z = this.#spare;
      this.#spare = undefined;
      return z;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /**
   * A uniform integer in [0, n), n from 1 to 2^32; the bias is below n / 2^32.
   * @throws DataError for any other `n`
   */
  int(n: number): number {
    checkInteger('Rng.int: n', n, 32, 1);
    return Math.floor((this.uint32() / 2 ** 32) * n);
  }

  /**
   * An independent stream named by an integer from 0 to 2^32 - 1; the same name gives the same stream whatever was drawn
   * before.
   * @throws DataError for any other name
   */
  split(name: number): Rng {
    checkInteger('Rng.split: name', name, 32);
    const rng = new Rng(0);
    rng.#key = threefry2x32(this.key[0], this.key[1], name >>> 0, 0x51e17);
    return rng;
  }

  /**
   * A random permutation of 0 .. n-1 (Fisher-Yates).
   * @throws DataError if `n` is no number of elements
   */
  permutation(n: number): Uint32Array {
    checkInteger('Rng.permutation: n', n, 32);
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.int(i + 1);
      const t = order[i];
      order[i] = order[j];
      order[j] = t;
    }
    return order;
  }
}

/** What is no such integer would be cut to one, so that two seeds give the same numbers. */
function checkInteger(what: string, value: number, bits: number, least = 0): void {
  if (Number.isInteger(value) && value >= least && value < 2 ** bits + least) return;
  const got = typeof value === 'string' ? `'${value}'` : String(value);
  throw new DataError(
    `${what} must be an integer from ${least} to 2^${bits}${least ? '' : ' - 1'}, got ${got}; pass one, such as 1`,
  );
}
