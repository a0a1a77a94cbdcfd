import type { Allocation } from './allocation.js';
import type { TensorData } from './nested.js';
import type { Profile } from './profile.js';
import type { DType, Shape } from './shape.js';
import type { Tensor } from './tensor.js';

export type TypedArray = Float32Array | Float64Array | Int32Array | Uint32Array;

/** Choices that were measured on the adapter, see `tune`; they come before the built-in ones. */
export interface Choices {
  /** The answer to a question such as "matmul 512 x 512 x 512 x 1"; undefined leaves it to the built-in choice. */
  pick(question: string, candidates: () => readonly string[]): string | undefined;
}

/** What a kernel choice may depend on. */
export interface Capabilities {
  /** `reference` = float64 loops, `software` = a CPU driver for WebGPU, `gpu` = hardware. */
  readonly tier: 'reference' | 'software' | 'gpu';
  readonly vendor: string;
  readonly architecture: string;
  /** The subgroup size where the adapter has subgroups of one fixed size, else 0. */
  readonly subgroupSize: number;
  /** Whether tensors may be float16; the reference holds them unrounded. */
  readonly float16: boolean;
  readonly timestamps: boolean;
  /** The most bytes that one binding, hence one tensor, may have. */
  readonly maxBindingBytes: number;
  readonly choices?: Choices;
}

/** An operand as the float64 reference sees it: row-major elements. */
export interface View {
  readonly shape: Shape;
  readonly data: Float64Array | Int32Array | Uint32Array;
}

/** WGSL source with a label for people; the code alone tells programs apart. */
export interface Program {
  readonly label: string;
  readonly code: string;
}

/** Memory that lives for the launches of one op only. */
export interface Scratch {
  readonly scratch: number;
  readonly dtype: DType;
  readonly length: number;
}

export type Bindable = Tensor | Scratch;

/**
 * One dispatch. In `@group(0)` the bindings are `read` (as `storage, read`), then `write` (as `storage, read_write`),
 * then, if there are `params`, one uniform struct of 32-bit words.
 */
export interface Launch {
  readonly program: Program;
  readonly read: readonly Bindable[];
  readonly write: readonly Bindable[];
  /** Words of the uniform struct; floats through `f32bits`. */
  readonly params?: readonly number[];
  /** Workgroups along x, y, z; each at most 65535 unless `split` says how to cut them. */
  readonly grid: readonly [number, number, number];
  /**
   * How a launch may be cut into several dispatches: from `word` on three params, for x, y and z, are added by the kernel to
   * its workgroup id. It is cut where an axis has more than 65535 workgroups, and along y where its FLOP would take long.
   */
  readonly split?: { readonly word: number; readonly flop?: number };
}

/** What `launches` may ask of the device. */
export interface LaunchContext {
  readonly capabilities: Capabilities;
  scratch(length: number, dtype?: DType): Scratch;
}

/** The device's half of an op: its meaning in float64 and its WGSL. */
export interface Kernel<A = unknown> {
  readonly name: string;
  reference(inputs: readonly View[], outputs: readonly View[], attrs: A): void;
  launches(inputs: readonly Tensor[], outputs: readonly Tensor[], attrs: A, context: LaunchContext): Launch[];
}

/** Buffers and bytes that tensors hold (`live`) and that wait for reuse (`pooled`); `peakBytes` is the most ever live. */
export interface MemoryReport {
  readonly live: { readonly buffers: number; readonly bytes: number };
  readonly pooled: { readonly buffers: number; readonly bytes: number };
  readonly peakBytes: number;
}

/** Counters since the device was opened. */
export interface DeviceStats {
  readonly dispatches: number;
  readonly submits: number;
  readonly pipelines: number;
  readonly bindGroups: number;
  /** Buffers made, those for reading included. */
  readonly buffers: number;
}

/** @internal One run of a step, as the device saw it. */
export interface Trace {
  /** Why a replay would not do what an eager call does, judged by an earlier run; undefined if the runs are alike. */
  differenceFrom(earlier: Trace): string | undefined;
  /** Turns the trace into something that can be run again, and takes over its memory. */
  seal(): Recording;
  /** Lets go of the trace's memory. */
  release(): void;
}

/** @internal A step that can be run again without calling its function. */
export interface Recording {
  replay(): void;
  dispose(): void;
}

/** @internal Records steps. Memory that they make and free stays the recorder's, for replays write it again. */
export interface StepRecorder {
  record(step: () => void): Trace;
  /** Gives all memory back; call it when the recordings are disposed of. */
  dispose(): void;
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
   * @throws ShapeError if rows of one level differ in length, if there is something else than numbers, or if `shape` has
   *   another number of elements
   */
  tensor(data: TensorData, shape?: Shape, dtype?: DType): Tensor;
  /** A tensor of zeros. */
  zeros(shape: Shape, dtype?: DType): Tensor;
  /** A cached constant of shape []; meant for literals, not for values that change from step to step. */
  scalar(value: number, dtype?: DType): Tensor;
  /** Overwrites the elements of a tensor that the caller owns. */
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

const scratchFloat = new Float32Array(1);
const scratchWord = new Uint32Array(scratchFloat.buffer);

/** The bits of `value` as float32, for a word of `params`. */
export function f32bits(value: number): number {
  scratchFloat[0] = value;
  return scratchWord[0];
}

/** The dtype that an array of numbers has by default. */
export function dtypeOf(data: TensorData): DType {
  if (data instanceof Int32Array) return 'int32';
  if (data instanceof Uint32Array) return 'uint32';
  return 'float32';
}
