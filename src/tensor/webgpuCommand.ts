import type { Allocation } from './allocation.js';
import type { Launch } from './backend.js';
import type { BoundRange, Compiled } from './webgpuPipelines.js';
import type { PoolBuffer } from './webgpuShelf.js';

/** Bytes that move from one buffer to another. */
export type CopyArguments = readonly [
  source: Pick<PoolBuffer, 'buffer'>,
  sourceOffset: number,
  target: GPUBuffer,
  targetOffset: number,
  bytes: number,
];

/** A copy, or a buffer that is set to zeros. */
export type Transfer =
  | { readonly kind: 'copy'; readonly args: CopyArguments }
  | { readonly kind: 'clear'; readonly target: PoolBuffer };

/** A command that the encoder can encode again without looking anything up. */
export type Replayable =
  | Transfer
  | {
      readonly kind: 'dispatch';
      readonly pipeline: GPUComputePipeline;
      readonly group: GPUBindGroup;
      readonly offsets: readonly number[];
      readonly grid: Launch['grid'];
      readonly op: string;
      readonly launch: Launch;
    };

/** A dispatch as the encoder met it, with everything that a later run of the step must agree on. */
export interface RecordedDispatch {
  readonly launch: Launch;
  readonly compiled: Compiled;
  readonly ranges: readonly BoundRange[];
  readonly grid: Launch['grid'];
  readonly params: readonly number[] | undefined;
  readonly op: string;
  /** By binding: memory from before the step, or undefined for what the step made. */
  readonly origins: readonly (Allocation | undefined)[];
}

/** A command as a trace notes it. */
export type Recorded = RecordedDispatch | Transfer;
