import type { Launch } from './backend.js';
import type { DispatchTime, HostTime, Profile } from './profile.js';
import { COPY_DST, COPY_SRC, MAP_READ, QUERY_RESOLVE } from './webgpuUsage.js';

type Pending = Omit<DispatchTime, 'start' | 'end'>;

/** The timestamps of one submission, or of a part of it. */
interface QueryBlock {
  readonly queries: GPUQuerySet;
  readonly resolved: GPUBuffer;
  readonly dispatches: Pending[];
  /** Microseconds on the host's clock at which it was handed over; absent while it is being recorded. */
  submitted?: number;
}

const CAPACITY = 256; // dispatches per block
const BYTES = 16; // two ticks of 64 bits

/** Gives every dispatch a pass of its own with a timestamp at both ends, and times the host's work beside it. */
export class Profiler {
  readonly #gpu: GPUDevice;
  readonly #blocks: QueryBlock[] = [];
  readonly #host: HostTime[] = [];
  readonly #began = performance.now();
  #op = '';

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
  }

  /** Starts the clock on a piece of the host's work; call the result when it is done. */
  begin(kind: HostTime['kind'], name: string): () => void {
    if (kind === 'op') this.#op = name;
    const start = this.#now();
    return () => this.#host.push({ kind, name, start, end: this.#now() });
  }

  /** The pass for one dispatch of a launch, which may be a part of it. */
  pass({ program: { label }, grid, split }: Launch, workgroups: DispatchTime['workgroups']): GPUComputePassDescriptor {
    const { queries: querySet, dispatches } = this.#openBlock();
    const beginningOfPassWriteIndex = 2 * dispatches.length;
    const flop = split?.flop && (split.flop * volume(workgroups)) / volume(grid);
    dispatches.push({ op: this.#op, label, workgroups, flop });
    return {
      label,
      timestampWrites: {
        querySet,
        beginningOfPassWriteIndex,
        endOfPassWriteIndex: beginningOfPassWriteIndex + 1,
      },
    };
  }

  /** Resolves what was recorded since the last submission; call it at the end of each. */
  resolve(encoder: GPUCommandEncoder): void {
    for (const block of this.#blocks) {
      if (block.submitted !== undefined) continue;
      encoder.resolveQuerySet(block.queries, 0, 2 * block.dispatches.length, block.resolved, 0);
      block.submitted = this.#now();
    }
  }

  /**
   * The profile so far; call it after a submit. The device's clock and the host's start at different times. The device's times
   * are shifted by the least amount for which no dispatch starts before the host has handed it over.
   */
  async finish(): Promise<Profile> {
    const host = [...this.#host].sort((a, b) => a.start - b.start);
    if (this.#blocks.length === 0) return { dispatches: [], host };
    const ticks = await this.#ticks();
    const at = (i: number) => Number(ticks[i] - ticks[0]) / 1000;
    const raw: DispatchTime[] = [];
    let shift = Number.NEGATIVE_INFINITY;
    for (const { dispatches, submitted = 0 } of this.#blocks) {
      shift = Math.max(shift, submitted - at(2 * raw.length));
      for (const dispatch of dispatches) {
        const [start, end] = [at(2 * raw.length), at(2 * raw.length + 1)];
        raw.push({ ...dispatch, start, end: Math.max(start, end) });
      }
    }
    const dispatches = raw.map((d) => ({ ...d, start: d.start + shift, end: d.end + shift }));
    return { dispatches: dispatches.sort((a, b) => a.start - b.start), host };
  }

  destroy(): void {
    for (const { queries, resolved } of this.#blocks) {
      queries.destroy();
      resolved.destroy();
    }
  }

  #now(): number {
    return 1000 * (performance.now() - this.#began);
  }

  #openBlock(): QueryBlock {
    const last = this.#blocks.at(-1);
    if (last && last.submitted === undefined && last.dispatches.length < CAPACITY) return last;
    const block: QueryBlock = {
      queries: this.#gpu.createQuerySet({ type: 'timestamp', count: 2 * CAPACITY }),
      resolved: this.#gpu.createBuffer({ size: BYTES * CAPACITY, usage: QUERY_RESOLVE | COPY_SRC }),
      dispatches: [],
    };
    this.#blocks.push(block);
    return block;
  }

  /** Begin and end of every dispatch in nanoseconds, in the order of recording. */
  async #ticks(): Promise<BigUint64Array> {
    const size = BYTES * this.#blocks.reduce((sum, { dispatches }) => sum + dispatches.length, 0);
    const staging = this.#gpu.createBuffer({ size, usage: MAP_READ | COPY_DST });
    const encoder = this.#gpu.createCommandEncoder();
    let offset = 0;
    for (const { resolved, dispatches } of this.#blocks) {
      encoder.copyBufferToBuffer(resolved, 0, staging, offset, BYTES * dispatches.length);
      offset += BYTES * dispatches.length;
    }
    this.#gpu.queue.submit([encoder.finish()]);
    await staging.mapAsync(MAP_READ);
    const ticks = new BigUint64Array(staging.getMappedRange().slice(0));
    staging.destroy();
    return ticks;
  }
}

function volume([x, y, z]: readonly [number, number, number]): number {
  return x * y * z;
}
