import type { DType } from './shape.js';

/** Elements of an allocation. */
export interface Range {
  readonly offset: number;
  readonly size: number;
}

/**
 * Memory of a device that one or more tensors look into, each at an offset of its own.
 * Handles count their references here, never the user: a view keeps its memory alive.
 */
export abstract class Allocation {
  readonly dtype: DType;
  /** Capacity in elements. */
  readonly length: number;
  /** Called instead of `free` when the last tensor has let go; whoever sets it takes charge of the memory. */
  whenUnused: (() => void) | undefined;
  /** Where tensors lie that a tape or a cache holds, whichever handle asks: these elements must not be overwritten. */
  readonly held = new Set<Range>();
  #refs = 0;

  constructor(dtype: DType, length: number) {
    this.dtype = dtype;
    this.length = length;
  }

  /** Whether some tensor looks into it. */
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

  /** No scope holds it any longer: it goes when its last handle is disposed of or becomes garbage. */
  leaveScopes(): void {}

  /** A handle that nobody holds any longer lets go of it. */
  forget(): void {
    this.release();
  }

  /** Gives the memory back to its device. */
  abstract free(): void;
}
