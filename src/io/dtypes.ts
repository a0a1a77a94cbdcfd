import { float16Value } from '../tensor/float16.js';

/** Arrays that a file's tensor becomes in memory. */
export type ArrayData = Float64Array | Float32Array | BigInt64Array | Int32Array | Uint32Array | Int8Array | Uint8Array;

/** Dtypes in memory, by the names of safetensors; `BOOL` is one byte each, 0 or 1, in a `Uint8Array`. */
export type Dtype = 'F64' | 'F32' | 'I64' | 'I32' | 'U32' | 'I8' | 'U8' | 'BOOL';

/** How a dtype of a file is read. */
export interface DiskDtype {
  readonly bytes: number;
  readonly memory: Dtype;
  /** Makes the array of a buffer that holds the tensor's bytes and nothing else; it may keep the buffer. */
  readonly read: (bytes: ArrayBuffer) => ArrayData;
}

/** The dtypes that wgrad reads: half floats exist in files only and are widened, exactly, to float32. */
export const diskDtypes: Readonly<Record<string, DiskDtype>> = {
  F64: { bytes: 8, memory: 'F64', read: (bytes) => new Float64Array(bytes) },
  F32: { bytes: 4, memory: 'F32', read: (bytes) => new Float32Array(bytes) },
  F16: { bytes: 2, memory: 'F32', read: (bytes) => Float32Array.from(new Uint16Array(bytes), float16Value) },
  BF16: { bytes: 2, memory: 'F32', read: widenBrainFloats },
  I64: { bytes: 8, memory: 'I64', read: (bytes) => new BigInt64Array(bytes) },
  I32: { bytes: 4, memory: 'I32', read: (bytes) => new Int32Array(bytes) },
  U32: { bytes: 4, memory: 'U32', read: (bytes) => new Uint32Array(bytes) },
  I8: { bytes: 1, memory: 'I8', read: (bytes) => new Int8Array(bytes) },
  U8: { bytes: 1, memory: 'U8', read: (bytes) => new Uint8Array(bytes) },
  BOOL: { bytes: 1, memory: 'BOOL', read: (bytes) => new Uint8Array(bytes) },
};

/** The dtype of an array by its class; a `Uint8Array` is `U8`, since a class cannot tell that it holds booleans. */
export function dtypeOf(data: ArrayData): Dtype {
  if (data instanceof Float32Array) return 'F32';
  if (data instanceof Float64Array) return 'F64';
  if (data instanceof BigInt64Array) return 'I64';
  if (data instanceof Int32Array) return 'I32';
  if (data instanceof Uint32Array) return 'U32';
  return data instanceof Int8Array ? 'I8' : 'U8';
}

/** A bfloat16 is the upper half of a float32. */
function widenBrainFloats(bytes: ArrayBuffer): Float32Array {
  const bits = Uint32Array.from(new Uint16Array(bytes), (half) => half << 16);
  return new Float32Array(bits.buffer);
}
