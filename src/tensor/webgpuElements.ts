import type { TypedArray } from './backend.js';
import { fromFloat16Array, toFloat16Array } from './float16.js';
import type { DType } from './shape.js';

const ARRAY = { float32: Float32Array, int32: Int32Array, uint32: Uint32Array } as const;

/** Elements as the device holds them. */
export function toDevice(dtype: DType, data: ArrayLike<number>): TypedArray | Uint16Array {
  if (dtype === 'float16') return toFloat16Array(data);
  const array = ARRAY[dtype];
  // Shared memory crashes Dawn, so only plain arrays of the right type pass uncopied.
  const plain = data instanceof array && !(data.buffer.constructor.name === 'SharedArrayBuffer');
  return plain ? data : array.from(data);
}

/** The `size` elements that the device holds as these bytes. */
export function fromDevice(dtype: DType, size: number, bytes: ArrayBuffer): TypedArray {
  return dtype === 'float16' ? fromFloat16Array(new Uint16Array(bytes), size) : new ARRAY[dtype](bytes);
}
