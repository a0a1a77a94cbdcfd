import { DeviceError } from '../errors.js';
import { Allocation } from './allocation.js';
import type { MemoryReport } from './backend.js';
import { bytesOf, type DType } from './shape.js';
import type { Failures } from './webgpuFailures.js';
import { type LooseMemory, mebibytes } from './webgpuLooseMemory.js';
import { isScoped, type PoolBuffer, Shelf } from './webgpuShelf.js';
import { COPY_DST, COPY_SRC, STORAGE } from './webgpuUsage.js';

const SMALLEST = 256;

/** Eight size classes per octave: at most 12.5 % of a buffer is wasted, and steps of varying shape still reuse. */
export function sizeClass(bytes: number): number {
  if (bytes <= SMALLEST) return SMALLEST;
  const grain = Math.max(SMALLEST, 2 ** (Math.floor(Math.log2(bytes - 1)) - 3));
  return Math.ceil(bytes / grain) * grain;
}

/** Where a buffer comes from, and where it goes when it is free. */
export interface BufferHome {
  /** @param scoped whether a scope will give it back, unless it returns it */
  take(bytes: number, scoped: boolean): PoolBuffer;
  give(buffer: PoolBuffer): void;
  /** No scope holds it any longer. */
  leave(buffer: PoolBuffer): void;
  /** It has been given back because the garbage collector found the last handle on it. */
  forget(buffer: PoolBuffer): void;
}

export class PoolAllocation extends Allocation {
  readonly pooled: PoolBuffer;
  readonly #home: BufferHome;

  constructor(dtype: DType, length: number, home: BufferHome, scoped: boolean) {
    super(dtype, length);
    this.pooled = home.take(bytesOf(dtype, length), scoped);
    this.#home = home;
  }

  free(): void {
    this.#home.give(this.pooled);
  }

  override leaveScopes(): void {
    this.#home.leave(this.pooled);
  }

  override forget(): void {
    super.forget();
    if (!this.inUse) this.#home.forget(this.pooled);
  }
}

/** Device buffers by size class. They are never destroyed while commands may use them. */
export class BufferPool implements BufferHome {
  readonly #gpu: GPUDevice;
  readonly #limit: number;
  readonly #failures: Failures;
  readonly #settle: () => void;
  readonly #shelves = new Map<number, Shelf>();
  readonly #loose: LooseMemory;
  #nextId = 1;
  #live = { buffers: 0, bytes: 0 };
  #pooled = { buffers: 0, bytes: 0 };
  #peak = 0;

  /** Buffers made so far. */
  get buffersMade(): number {
    return this.#nextId - 1;
  }

  /** @param limit bytes, live and pooled. @param settle hands over pending commands and forgets bind groups. */
  constructor(gpu: GPUDevice, limit: number, failures: Failures, loose: LooseMemory, settle: () => void) {
    this.#gpu = gpu;
    this.#limit = limit;
    this.#failures = failures;
    this.#loose = loose;
    this.#settle = settle;
  }

  /** A buffer of at least `bytes` with undefined content. */
  take(bytes: number, scoped: boolean): PoolBuffer {
    const size = sizeClass(bytes);
    const maxBinding = this.#gpu.limits.maxStorageBufferBindingSize;
    if (bytes > maxBinding) {
      throw new DeviceError(
        `webgpu: a tensor of ${mebibytes(bytes)} is over this adapter's limit of ${mebibytes(maxBinding)} for one binding; ` +
          `make the batch at least ${factor(bytes / maxBinding)} times smaller`,
      );
    }
    const taken = this.#shelf(size).take(scoped, () => this.#create(size));
    this.#pooled.buffers--;
    this.#pooled.bytes -= size;
    this.#live.buffers++;
    this.#live.bytes += size;
    this.#peak = Math.max(this.#peak, this.#live.bytes);
    if (!scoped) this.#loose.add(size);
    return taken;
  }

  give(buffer: PoolBuffer): void {
    const { bytes } = buffer;
    this.#live.buffers--;
    this.#live.bytes -= bytes;
    this.#pooled.buffers++;
    this.#pooled.bytes += bytes;
    if (!isScoped(buffer)) this.#loose.remove(bytes);
    this.#shelf(bytes).give(buffer);
  }

  leave(buffer: PoolBuffer): void {
    if (this.#shelf(buffer.bytes).leave(buffer)) this.#loose.add(buffer.bytes);
  }

  forget(buffer: PoolBuffer): void {
    this.#loose.forget(buffer.bytes);
  }

  /** Destroys the buffers that wait for reuse. */
  trim(): void {
    this.#settle(); // once submitted, commands keep what they use
    for (const shelf of this.#shelves.values()) for (const { buffer } of shelf.clear()) buffer.destroy();
    this.#pooled = { buffers: 0, bytes: 0 };
  }

  memory(): MemoryReport {
    return { live: { ...this.#live }, pooled: { ...this.#pooled }, peakBytes: this.#peak };
  }

  #shelf(size: number): Shelf {
    let shelf = this.#shelves.get(size);
    if (!shelf) {
      shelf = new Shelf();
      this.#shelves.set(size, shelf);
    }
    return shelf;
  }

  /** A new buffer, which counts as pooled. */
  #create(size: number): PoolBuffer {
    const { bytes } = this.#live;
    const advice =
      `out of memory: ${mebibytes(size)} wanted while ${mebibytes(bytes)} are in use; ` +
      (this.#loose.remedy(bytes) ??
        `make the batch at least ${factor((bytes + size) / Math.max(bytes, 1))} times smaller`);
    if (bytes + this.#pooled.bytes + size > this.#limit) this.trim();
    if (bytes + size > this.#limit) {
      throw new DeviceError(`webgpu: ${advice} (the limit set for this device is ${mebibytes(this.#limit)})`);
    }
    const buffer = this.#failures.guard(
      'out-of-memory',
      () => this.#gpu.createBuffer({ size, usage: STORAGE | COPY_SRC | COPY_DST }),
      () => advice,
    );
    this.#pooled.buffers++;
    this.#pooled.bytes += size;
    return { id: this.#nextId++, buffer, bytes: size, lastUse: -1, turn: undefined };
  }
}

/** Rounded up: advice that falls short would fail again. */
function factor(ratio: number): string {
  return (Math.ceil(100 * ratio) / 100).toFixed(2);
}
