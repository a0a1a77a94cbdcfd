import type { Allocation } from './allocation.js';
import type { TensorData } from './nested.js';
import type { DType, Shape } from './shape.js';

/** The arrays that hold the elements of a tensor on the host. */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint32Array;

/** Kernel choices that were measured on the adapter (see `tune`). A measured choice is preferred to the built-in one. */
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
  /** The subgroup size that kernels of many registers ask for, where that gives an invocation more of them; 0 asks for none. */
  readonly narrowSubgroup?: number;
  /** Whether tensors may be float16; the reference holds them unrounded. */
  readonly float16: boolean;
  readonly timestamps: boolean;
  /** The most bytes that one binding, hence one tensor, may have. */
  readonly maxBindingBytes: number;
  /** Not there until `tune` or `loadChoices` sets it. */
  choices?: Choices;
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

/** What a launch may bind: a tensor, which is a range of elements in an allocation, or scratch memory. */
export type Bindable =
  | {
      /** @internal */ readonly allocation: Allocation;
      /** @internal */ readonly offset: number;
      readonly dtype: DType;
      readonly size: number;
    }
  | Scratch;

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
   * How a launch may be cut into several dispatches. The kernel adds three params, which begin at `word`, to its workgroup id
   * along x, y and z. A launch is cut where an axis has more than 65535 workgroups, and along y where its FLOP would take
   * too long for one dispatch.
   */
  readonly split?: { readonly word: number; readonly flop?: number };
}

/** What `launches` may ask of the device. */
export interface LaunchContext {
  readonly capabilities: Capabilities;
  scratch(length: number, dtype?: DType): Scratch;
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
  /** What this run did otherwise than an earlier one, so that a replay would be wrong; undefined if the two are alike. */
  differenceFrom(earlier: Trace): string | undefined;
  /** Turns the trace into a recording, which takes over the memory. */
  seal(): Recording;
  /** Lets go of the trace's memory. */
  release(): void;
}

/** @internal A step that can be run again without calling its function. */
export interface Recording {
  /** Runs all of its commands, or those from one number up to another. */
  replay(from?: number, to?: number): void;
  dispose(): void;
}

/** @internal Records steps. Memory that a step makes and frees stays with the recorder, since every replay writes it again. */
export interface StepRecorder {
  /** @param isHeld commands are noted, and do not run before they are replayed */
  record(step: (trace: Trace) => void, isHeld?: boolean): Trace;
  /** Gives all memory back; call it when the recordings are disposed of. */
  dispose(): void;
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
