import { DeviceError, DisposedError } from '../errors.js';
import type { Allocation, Range } from './allocation.js';
import type {
  Capabilities,
  DeviceStats,
  Launch,
  LaunchContext,
  MemoryReport,
  StepRecorder,
  TypedArray,
  View,
} from './backend.js';
import type { TensorData } from './nested.js';
import type { Profile } from './profile.js';
import { adopt, inScope } from './scopeStack.js';
import { type DType, formatShape, type Shape, sizeOf } from './shape.js';

/** The device's half of an op: its meaning in float64 and its WGSL. */
export interface Kernel<A = unknown> {
  readonly name: string;
  reference(inputs: readonly View[], outputs: readonly View[], attrs: A): void;
  launches(inputs: readonly Tensor[], outputs: readonly Tensor[], attrs: A, context: LaunchContext): Launch[];
}

/** A place where tensors live and ops run. */
export interface Device {
  readonly kind: 'cpu' | 'webgpu';
  /** One line for people: vendor, name, driver. */
  readonly description: string;
  readonly capabilities: Capabilities;

  /**
   * A tensor with a copy of `data`: a flat array, or nested ones such as `[[1, 2], [3, 4]]`. The shape is by default that of
   * the nesting, the dtype that of a typed array, else float32.
   *
   * @throws ShapeError if rows of one level differ in length, if there is something else than numbers, if an integer dtype
   *   cannot hold one of them, or if `shape` has another number of elements
   */
  tensor(data: TensorData, shape?: Shape, dtype?: DType): Tensor;
  /** A tensor of zeros. */
  zeros(shape: Shape, dtype?: DType): Tensor;
  /** A cached constant of shape []; meant for literals, not for values that change from step to step. */
  scalar(value: number, dtype?: DType): Tensor;
  /**
   * Overwrites the elements of a tensor that the caller owns.
   * @throws ShapeError if there is another number of them, or one that the dtype cannot hold; DisposedError if an open tape
   *   needs the old ones, or the tensor is a constant from `scalar`
   */
  write(tensor: Tensor, data: ArrayLike<number>): void;
  /** @internal Copies the elements of `source` over those of `target`, in other memory. */
  copy(source: Tensor, target: Tensor): void;
  /**
   * The elements as they are now: what later ops do in place does not change them, and a loop need not await them before
   * it goes on. Rejects with a DeviceError if the device failed since the last read.
   */
  read(tensor: Tensor): Promise<TypedArray>;

  /** @internal Memory for `length` elements; the content is undefined unless `zero`. */
  allocate(dtype: DType, length: number, zero?: boolean): Allocation;
  /** @internal Runs a kernel on live tensors of this device. */
  run<A>(kernel: Kernel<A>, inputs: readonly Tensor[], outputs: readonly Tensor[], attrs: A): void;

  /**
   * Compiles ahead, in parallel, the kernels that `fn` leads to; absent where nothing is compiled. Nothing is computed: what
   * `fn` makes has undefined elements, what it updates in place keeps its own.
   */
  compile?(fn: () => void): Promise<void>;
  /** @internal Absent where nothing is gained by replaying. */
  recorder?(): StepRecorder;

  /** Hands queued work to the device without waiting for it. */
  flush(): void;
  /** Resolves when all work so far is done; rejects as `read` does. */
  finished(): Promise<void>;
  /** Runs `fn` with a timestamp around every dispatch; absent where nothing is dispatched. */
  profile?(fn: () => void | Promise<void>): Promise<Profile>;
  memory(): MemoryReport;
  stats(): DeviceStats;
  /** Frees everything; later use is a DeviceError. */
  destroy(): void;
}

let nextId = 1;

/** Why a tensor is gone that nothing else has taken, and how to keep it. */
const ENDED =
  'its scope ended. To keep a tensor, return it from the scope (with `{ aux: true }` beside a loss), or make it outside of ' +
  'the scope';

/** @internal The id of the next tensor: those that are there already have smaller ones. */
export function nextTensorId(): number {
  return nextId;
}

/** Gives the memory of tensors that no scope holds back when they become garbage. It watches their leases, see `#lease`. */
const forgotten = new FinalizationRegistry<Allocation>((allocation) => allocation.forget());

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
  /** The owner's reference and those of tapes and caches. */
  #refs = 1;
  /** How often tapes and caches hold it. */
  #holds = 0;
  /**
   * The range that `allocation.held` lists while a tape or a cache holds this tensor. It does not list the tensor itself: the
   * registry above holds the allocation, and a tensor that it leads to would never become garbage.
   */
  #range: Range | undefined;
  #owned = true;
  #gone = ENDED;
  /** An object that only this tensor refers to, if no scope holds it. It becomes garbage when the tensor does. */
  #lease: object | undefined;

  /** @internal Tensors come from `device.tensor` and from ops. */
  constructor(device: Device, shape: Shape, dtype: DType, allocation: Allocation, offset = 0, lease?: object) {
    this.device = device;
    this.shape = shape;
    this.dtype = dtype;
    this.allocation = allocation;
    this.offset = offset;
    allocation.retain();
    if (lease) this.#lease = lease;
    else if (!adopt(this)) this.escape();
  }

  /** @internal No scope holds this tensor any longer: its memory is given back when the handle becomes garbage. */
  escape(): void {
    this.allocation.leaveScopes();
    this.#lease = {};
    forgotten.register(this.#lease, this.allocation, this.#lease);
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
    throw new DisposedError(`${by}: tensor ${this.id} ${formatShape(this.shape)} is no longer there: ${this.#gone}.`);
  }

  /** @internal Throws a `DeviceError` if the memory is another device's than the one that is asked to use it. */
  assertOn(device: Device, by: string): void {
    if (this.device === device) return;
    throw new DeviceError(
      `${by}: tensor ${this.id} ${formatShape(this.shape)} lives on '${this.device.description}', not on ` +
        `'${device.description}', which was asked; take its elements with data() and make a tensor of them there.`,
    );
  }

  /** The elements, row-major: floats as Float32Array (on the CPU backend Float64Array), Int32Array or Uint32Array. */
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
    this.#gone = `it was disposed, or ${ENDED}`;
    this.#drop();
  }

  /** @internal Keeps the memory for a tape, whatever the owner does. */
  retain(): void {
    if (this.#holds++ === 0) {
      this.#range = { offset: this.offset, size: this.size };
      this.allocation.held.add(this.#range);
    }
    this.#refs++;
  }

  /** @internal */
  release(): void {
    this.#letGo();
    this.#drop();
  }

  #letGo(): void {
    if (--this.#holds === 0) this.allocation.held.delete(this.#range as Range);
  }

  #drop(): void {
    if (--this.#refs > 0) return;
    if (this.#lease) forgotten.unregister(this.#lease);
    this.allocation.release();
  }

  /** @internal Hands a reference that the caller retained to the current scope, or to the user if no scope is open. */
  own(): this {
    if (this.#owned) this.release();
    else {
      this.#letGo();
      this.#owned = true;
      if (!adopt(this)) this.escape();
    }
    return this;
  }

  /** @internal Throws unless the memory may be overwritten; asked before it is, so that a refusal leaves all as it was. */
  assertDonatable(by: string): void {
    this.assertLive(by);
    if (![...this.allocation.held].some((t) => overlap(t, this))) return;
    throw new DisposedError(
      `${by}: tensor ${this.id} ${formatShape(this.shape)} is updated in place, but an open tape still needs it; ` +
        `call ${by} outside of grad and valueAndGrad, and not on constants of device.scalar.`,
    );
  }

  /** @internal Another handle on the same memory takes over; this one is dead from now on. */
  donate(by: string): void {
    this.expire(`${by} has updated it in place; use the tensor that ${by} returned`);
  }

  /**
   * @internal Makes a new handle on the same memory; this one is dead from now on. Outside of scopes the new handle takes
   * over the lease: to register another costs more than all else about a handle, and a replay renews its whole state.
   */
  renew(by: string): Tensor {
    this.assertLive(by);
    // Where a tape holds this handle too, both may become garbage without a release, so the lease stays here.
    const lease = this.#holds === 0 && !inScope() ? this.#lease : undefined;
    const next = new Tensor(this.device, this.shape, this.dtype, this.allocation, this.offset, lease);
    if (lease) this.#lease = undefined;
    this.donate(by);
    return next;
  }

  /** @internal Disposes of the handle; `because` is what an error tells those who still use it. */
  expire(because: string): void {
    this.dispose();
    this.#gone = because;
  }

  toString(): string {
    return `Tensor(${this.dtype} ${formatShape(this.shape)} on ${this.device.kind})`;
  }
}

/** @internal Whether two ranges of one allocation share elements. */
export function overlap(a: Range, b: Range): boolean {
  return a.offset < b.offset + b.size && b.offset < a.offset + a.size;
}

/**
 * A handle of another shape (same size) on the same memory. It sees what an update in place does to that memory.
 * @throws DisposedError if the memory has gone back to the pool
 */
export function aliasOf(t: Tensor, shape: Shape = t.shape, by = 'alias'): Tensor {
  t.assertLive(by);
  return new Tensor(t.device, shape, t.dtype, t.allocation, t.offset);
}
