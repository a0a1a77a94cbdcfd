import type { DType } from './shape.js';

/** A run of elements inside an allocation. */
export interface Range {
  readonly offset: number;
  readonly size: number;
}

/**
 * Memory of a device, in which one or more tensors lie, each at an offset of its own. It counts these tensors and is freed
 * when the last one has let go, so that a view keeps its memory alive.
 */
export abstract class Allocation {
  readonly dtype: DType;
  /** Capacity in elements. */
  readonly length: number;
  /** Called instead of `free` when the last tensor has let go; whoever sets it takes charge of the memory. */
  whenUnused: (() => void) | undefined;
  /** The ranges of tensors that a tape or a cache holds. No op may overwrite them, whichever tensor it is called with. */
  readonly held = new Set<Range>();
  #refs = 0;

  constructor(dtype: DType, length: number) {
    this.dtype = dtype;
    this.length = length;
  }

  /** Whether some tensor lies in it. */
  get inUse(): boolean {
    return this.#refs > 0;
  }

  retain(): void {
    this.#refs++;
  }

  release(): void {
    if (--this.#refs > 0) return;
    if (this.whenUnused) this.whenUnused();
    else this.free();
  }

  /** Called when no scope holds the memory any longer: it is freed when its last tensor is disposed of or becomes garbage. */
  leaveScopes(): void {}

  /** Called when a tensor that lay here has become garbage without `dispose()`. */
  forget(): void {
    this.release();
  }

  /** Gives the memory back to its device. */
  abstract free(): void;
}
