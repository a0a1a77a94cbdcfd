import type { CropBatch } from './cropBatch.js';

/** The batches of a training run; a batch depends only on epoch and index, and on which pictures can be read. */
export interface BatchSource {
  /** Batches per epoch. */
  readonly length: number;
  /** The batch of an epoch and an index, both from 0. */
  at(epoch: number, index: number): Promise<CropBatch>;
}

interface Pending {
  readonly epoch: number;
  readonly index: number;
  readonly batch: Promise<CropBatch>;
}

/** Requests the next batches of a source in advance, at most `depth` of them and none beyond the last epoch. */
export class Prefetch implements BatchSource {
  readonly length: number;
  readonly #source: BatchSource;
  readonly #epochs: number;
  readonly #depth: number;
  #queue: Pending[] = [];

  constructor(source: BatchSource, epochs: number, depth: number) {
    this.length = source.length;
    this.#source = source;
    this.#epochs = epochs;
    this.#depth = depth;
  }

  at(epoch: number, index: number): Promise<CropBatch> {
    const [first] = this.#queue;
    // A run that is resumed, or that steps back, asks for another batch than the next one.
    if (first?.epoch !== epoch || first.index !== index) this.#queue = [this.#ask(epoch, index)];
    while (this.#queue.length <= this.#depth) {
      const last = this.#queue[this.#queue.length - 1];
      const next = last.index + 1 < this.length ? [last.epoch, last.index + 1] : [last.epoch + 1, 0];
      if (next[0] >= this.#epochs) break;
      this.#queue.push(this.#ask(next[0], next[1]));
    }
    return (this.#queue.shift() as Pending).batch;
  }

  #ask(epoch: number, index: number): Pending {
    const batch = this.#source.at(epoch, index);
    batch.catch(() => undefined); // thrown where it is awaited, or nobody wants it any more
    return { epoch, index, batch };
  }
}
