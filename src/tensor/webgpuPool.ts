import { DeviceError } from '../errors.js';
import { Allocation } from './allocation.js';
import type { MemoryReport } from './backend.js';
import { bytesOf, type DType } from './shape.js';
import type { Failures } from './webgpuFailures.js';

const STORAGE_USAGE = 0x80 | 0x04 | 0x08; // STORAGE | COPY_SRC | COPY_DST
const SMALLEST = 256;

/** A device buffer with what the encoder needs to know about it. */
export interface PoolBuffer {
  readonly id: number;
  readonly buffer: GPUBuffer;
  readonly bytes: number;
  /** Serial of the last command buffer that uses it. */
  lastUse: number;
}

/** Eight size classes per octave: at most 12.5 % of a buffer is wasted, and steps of varying shape still reuse. */
export function sizeClass(bytes: number): number {
  if (bytes <= SMALLEST) return SMALLEST;
  const grain = Math.max(SMALLEST, 2 ** (Math.floor(Math.log2(bytes - 1)) - 3));
  return Math.ceil(bytes / grain) * grain;
}

/** Where a buffer goes when it is free. */
export interface BufferHome {
  take(bytes: number): PoolBuffer;
  give(buffer: PoolBuffer): void;
}

export class PoolAllocation extends Allocation {
  readonly pooled: PoolBuffer;
  readonly #home: BufferHome;

  constructor(dtype: DType, length: number, home: BufferHome) {
    super(dtype, length);
    this.pooled = home.take(bytesOf(dtype, length));
    this.#home = home;
  }

  free(): void {
    this.#home.give(this.pooled);
  }
}

/**
 * Device buffers by size class, the oldest first. So what a step gets depends on the set of free buffers alone and not on
 * the order in which they came back: every repetition gets the same buffers, and finds its bind groups in the cache.
 * (Last in, first out permutes the shelf at every step; it takes as many steps as the permutation's cycles are long until
 * the bind groups repeat.) Buffers are never destroyed while commands may use them.
 */
export class BufferPool implements BufferHome {
  readonly #gpu: GPUDevice;
  readonly #limit: number;
  readonly #failures: Failures;
  readonly #settle: () => void;
  readonly #free = new Map<number, PoolBuffer[]>();
  #nextId = 1;
  #live = { buffers: 0, bytes: 0 };
  #pooled = { buffers: 0, bytes: 0 };
  #peak = 0;

  /** Buffers made so far. */
  get buffersMade(): number {
    return this.#nextId - 1;
  }

  /** @param limit bytes, live and pooled. @param settle hands over pending commands and forgets bind groups. */
  constructor(gpu: GPUDevice, limit: number, failures: Failures, settle: () => void) {
    this.#gpu = gpu;
    this.#limit = limit;
    this.#failures = failures;
    this.#settle = settle;
  }

  /** A buffer of at least `bytes` with undefined content. */
  take(bytes: number): PoolBuffer {
    const size = sizeClass(bytes);
    const maxBinding = this.#gpu.limits.maxStorageBufferBindingSize;
    if (bytes > maxBinding) {
      throw new DeviceError(
        `webgpu: a tensor of ${mebibytes(bytes)} is over this adapter's limit of ${mebibytes(maxBinding)} for one binding; ` +
          `make the batch at least ${factor(bytes / maxBinding)} times smaller`,
      );
    }
    let taken = this.#free.get(size)?.pop();
    if (taken) {
      this.#pooled.buffers--;
      this.#pooled.bytes -= size;
    } else taken = this.#create(size);
    this.#live.buffers++;
    this.#live.bytes += size;
    this.#peak = Math.max(this.#peak, this.#live.bytes);
    return taken;
  }

  give(buffer: PoolBuffer): void {
    this.#live.buffers--;
    this.#live.bytes -= buffer.bytes;
    this.#pooled.buffers++;
    this.#pooled.bytes += buffer.bytes;
    const shelf = this.#free.get(buffer.bytes);
    if (shelf) shelf.splice(placeOf(buffer, shelf), 0, buffer);
    else this.#free.set(buffer.bytes, [buffer]);
  }

  /** Destroys the buffers that wait for reuse. */
  trim(): void {
    this.#settle(); // once submitted, commands keep what they use
    for (const shelf of this.#free.values()) for (const { buffer } of shelf) buffer.destroy();
    this.#free.clear();
    this.#pooled = { buffers: 0, bytes: 0 };
  }

  memory(): MemoryReport {
    return { live: { ...this.#live }, pooled: { ...this.#pooled }, peakBytes: this.#peak };
  }

  #create(size: number): PoolBuffer {
    const { bytes } = this.#live;
    const advice =
      `out of memory: ${mebibytes(size)} wanted while ${mebibytes(bytes)} are in use; ` +
      `make the batch at least ${factor((bytes + size) / Math.max(bytes, 1))} times smaller`;
    if (bytes + this.#pooled.bytes + size > this.#limit) this.trim();
    if (bytes + size > this.#limit) {
      throw new DeviceError(`webgpu: ${advice} (the limit set for this device is ${mebibytes(this.#limit)})`);
    }
    const buffer = this.#failures.guard(
      'out-of-memory',
      () => this.#gpu.createBuffer({ size, usage: STORAGE_USAGE }),
      () => advice,
    );
    return { id: this.#nextId++, buffer, bytes: size, lastUse: -1 };
  }
}

/** Where a buffer belongs on a shelf with falling ids, whose end is taken first. */
function placeOf({ id }: PoolBuffer, shelf: readonly PoolBuffer[]): number {
  let low = 0;
  let high = shelf.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (shelf[middle].id > id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Rounded up: advice that falls short would fail again. */
function factor(ratio: number): string {
  return (Math.ceil(100 * ratio) / 100).toFixed(2);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
