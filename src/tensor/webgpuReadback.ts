import { COPY_DST, MAP_READ } from './webgpuUsage.js';

const SMALLEST = 256;

/** Buffers that results are copied into on their way to the host, used over and over: a loop of reads makes none. */
export class StagingBuffers {
  readonly #gpu: GPUDevice;
  readonly #free = new Map<number, GPUBuffer[]>();
  made = 0;

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
  }

  take(bytes: number): GPUBuffer {
    const size = 2 ** Math.ceil(Math.log2(Math.max(bytes, SMALLEST)));
    const free = this.#free.get(size)?.pop();
    if (free) return free;
    this.made++;
    return this.#gpu.createBuffer({ size, usage: MAP_READ | COPY_DST });
  }

  /** Takes a mapped buffer back. @returns a copy of its first bytes */
  empty(buffer: GPUBuffer, bytes: number): ArrayBuffer {
    const data = buffer.getMappedRange(0, bytes).slice(0);
    buffer.unmap();
    const shelf = this.#free.get(buffer.size);
    if (shelf) shelf.push(buffer);
    else this.#free.set(buffer.size, [buffer]);
    return data;
  }
}
