/** Time that one dispatch took on the device. */
export interface KernelTime {
  readonly label: string;
  /** Nanoseconds since the first dispatch that was profiled. */
  readonly start: number;
  readonly nanoseconds: number;
}

const CAPACITY = 2048; // dispatches per query set; the specification allows 4096 queries
const QUERY_RESOLVE_AND_COPY = 0x200 | 0x04;
const MAP_READ_AND_COPY = 0x01 | 0x08;

/** Gives every dispatch a pass of its own with a timestamp at both ends; dispatches past the capacity go untimed. */
export class Profiler {
  readonly #gpu: GPUDevice;
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #labels: string[] = [];
  #resolvedCount = 0;

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
    this.#queries = gpu.createQuerySet({ type: 'timestamp', count: 2 * CAPACITY });
    this.#resolved = gpu.createBuffer({ size: 16 * CAPACITY, usage: QUERY_RESOLVE_AND_COPY });
  }

  pass(label: string): GPUComputePassDescriptor {
    const i = this.#labels.length;
    if (i >= CAPACITY) return { label };
    this.#labels.push(label);
    return {
      label,
      timestampWrites: { querySet: this.#queries, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 },
    };
  }

  resolve(encoder: GPUCommandEncoder): void {
    const count = this.#labels.length - this.#resolvedCount;
    if (count === 0) return;
    // A resolve wants an offset of 256 bytes, so everything so far is resolved again.
    encoder.resolveQuerySet(this.#queries, 0, 2 * this.#labels.length, this.#resolved, 0);
    this.#resolvedCount = this.#labels.length;
  }

  /** The times so far; call it after a submit. */
  async times(): Promise<KernelTime[]> {
    const bytes = 16 * this.#labels.length;
    if (bytes === 0) return [];
    const staging = this.#gpu.createBuffer({ size: bytes, usage: MAP_READ_AND_COPY });
    const encoder = this.#gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(this.#resolved, 0, staging, 0, bytes);
    this.#gpu.queue.submit([encoder.finish()]);
    await staging.mapAsync(1);
    const ticks = new BigUint64Array(staging.getMappedRange().slice(0));
    staging.destroy();
    return this.#labels.map((label, i) => ({
      label,
      start: Number(ticks[2 * i] - ticks[0]),
      nanoseconds: Number(ticks[2 * i + 1] - ticks[2 * i]),
    }));
  }

  destroy(): void {
    this.#queries.destroy();
    this.#resolved.destroy();
  }
}
