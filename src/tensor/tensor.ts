import { DisposedError } from '../errors.js';
import type { Allocation } from './allocation.js';
import type { Device, TypedArray } from './backend.js';
import { adopt } from './lifetime.js';
import { type DType, formatShape, type Shape, sizeOf } from './shape.js';

let nextId = 1;

/** Gives memory back for handles that were made outside of every scope and then forgotten. */
const forgotten = new FinalizationRegistry<Allocation>((allocation) => allocation.release());

/**
 * An immutable array on a device: a shape, a dtype, and a place in device memory.
 *
 * Inside `scope`, `grad` or `valueAndGrad` a tensor lives until the scope ends, unless the scope returns it.
 * Outside of every scope it lives until `dispose()` or until the handle is garbage.
 */
export class Tensor {
  readonly id: number = nextId++;
  readonly device: Device;
  readonly shape: Shape;
  readonly dtype: DType;
  /** @internal */ readonly allocation: Allocation;
  /** First element inside the allocation. @internal */ readonly offset: number;
  #refs = 1;
  #owned = true;
  #gone = 'its scope ended';

  /** @internal Tensors come from `device.tensor` and from ops. */
  constructor(device: Device, shape: Shape, dtype: DType, allocation: Allocation, offset = 0) {
    this.device = device;
    this.shape = shape;
    this.dtype = dtype;
    this.allocation = allocation;
    this.offset = offset;
    allocation.retain();
    if (!adopt(this)) this.escape();
  }

  /** @internal No scope holds this tensor: its memory goes when the handle is garbage. */
  escape(): void {
    forgotten.register(this, this.allocation, this);
  }

  get rank(): number {
    return this.shape.length;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  get disposed(): boolean {
    return this.#refs === 0;
  }

  /** Throws a `DisposedError` if the memory is gone; `by` names who wants to use it. */
  assertLive(by: string): void {
    if (this.#refs > 0) return;
    throw new DisposedError(
      `${by}: tensor ${this.id} ${formatShape(this.shape)} is no longer there: ${this.#gone}. ` +
        'To keep a tensor, return it from the scope (with `{ aux: true }` beside a loss), or make it outside of the scope.',
    );
  }

  /** The elements, row-major: Float32Array (Float64Array on the CPU backend), Int32Array or Uint32Array. */
  async data(): Promise<TypedArray> {
    this.assertLive('data');
    return this.device.read(this);
  }

  /** The only element of a tensor of size 1. */
  async item(): Promise<number> {
    if (this.size !== 1)
      throw new RangeError(`item: wants one element, got shape ${formatShape(this.shape)}; use data()`);
    return (await this.data())[0];
  }

  /** Gives the memory back now instead of at the end of the scope; disposing twice does nothing. */
  dispose(): void {
    if (!this.#owned) return;
    this.#owned = false;
    this.#gone = 'it was disposed, or its scope ended';
    this.release();
  }

  /** @internal Keeps the memory for a tape, whatever the owner does. */
  retain(): void {
    this.#refs++;
  }

  /** @internal */
  release(): void {
    if (--this.#refs > 0) return;
    forgotten.unregister(this);
    this.allocation.release();
  }

  /** @internal Turns a reference that the caller retained into ownership by the current scope or the user. */
  own(): this {
    if (this.#owned) this.release();
    else {
      this.#owned = true;
      if (!adopt(this)) this.escape();
    }
    return this;
  }

  /** @internal Hands the memory to `heir`, a handle on the same allocation; this handle is dead from now on. */
  donate(by: string): void {
    if (this.#refs > 1) {
      throw new DisposedError(
        `${by}: tensor ${this.id} ${formatShape(this.shape)} is updated in place, but an open tape still needs it; ` +
          `call ${by} outside of grad and valueAndGrad.`,
      );
    }
    this.dispose();
    this.#gone = `${by} has updated it in place; use the tensor that ${by} returned`;
  }

  toString(): string {
    return `Tensor(${this.dtype} ${formatShape(this.shape)} on ${this.device.kind})`;
  }
}

/** A handle of another shape (same size) on the same memory. */
export function aliasOf(t: Tensor, shape: Shape = t.shape): Tensor {
  return new Tensor(t.device, shape, t.dtype, t.allocation, t.offset);
}
