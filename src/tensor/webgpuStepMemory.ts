import { type BufferHome, type BufferPool, sizeClass } from './webgpuPool.js';
import type { PoolBuffer } from './webgpuShelf.js';

/**
 * The memory of recorded steps. What a step frees waits here for the next recording and not in the pool: a replay writes
 * it again, and if the pool had given it to another tensor, would overwrite that one.
 */
export class StepMemory implements BufferHome {
  readonly #pool: BufferPool;
  readonly #free = new Map<number, PoolBuffer[]>();
  #closed = false;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  take(bytes: number, scoped: boolean): PoolBuffer {
    return this.#free.get(sizeClass(bytes))?.pop() ?? this.#pool.take(bytes, scoped);
  }

  // What a step returns stays here: it is the recording's.
  leave(): void {}
  forget(): void {}

  give(buffer: PoolBuffer): void {
    const shelf = this.#free.get(buffer.bytes);
    if (this.#closed) this.#pool.give(buffer);
    else if (shelf) shelf.push(buffer);
    else this.#free.set(buffer.bytes, [buffer]);
  }

  /** Gives the free buffers back to the pool, except those that recordings still use. */
  trim(used: ReadonlySet<PoolBuffer>): void {
    for (const [size, shelf] of this.#free) {
      for (const buffer of shelf) if (!used.has(buffer)) this.#pool.give(buffer);
      this.#free.set(
        size,
        shelf.filter((buffer) => used.has(buffer)),
      );
    }
  }

  /** The end of recording: everything free goes back, and everything else when it is freed. */
  close(): void {
    this.#closed = true;
    this.trim(new Set());
  }
}
