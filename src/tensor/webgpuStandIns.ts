import type { BoundRange } from './webgpuPipelines.js';
import { COPY_DST, COPY_SRC, STORAGE } from './webgpuUsage.js';

/**
 * Buffers that stand in for others. Each new combination of buffers takes a bind group, which only the garbage collector
 * gives back, and a loop that never waits keeps it from doing so. When there are too many, kernels run on the same few
 * buffers, for which there are bind groups, and their operands are copied in and out: slower, but without end.
 */
export class StandIns {
  readonly #gpu: GPUDevice;
  readonly #buffers = new Map<string, BoundRange>();

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
  }

  /** Ranges of the same sizes, one buffer for each binding and size. */
  of(ranges: readonly BoundRange[]): readonly BoundRange[] {
    return ranges.map(({ size }, binding) => {
      const key = `${binding} ${size}`;
      let range = this.#buffers.get(key);
      if (!range) {
        const buffer = this.#gpu.createBuffer({ size, usage: STORAGE | COPY_SRC | COPY_DST });
        range = { id: -1 - this.#buffers.size, buffer, offset: 0, size }; // the pool's ids are positive
        this.#buffers.set(key, range);
      }
      return range;
    });
  }
}
