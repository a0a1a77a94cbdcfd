import { ShapeError } from '../errors.js';
import { type DType, isFloat } from './shape.js';

/** The least and the largest number of the integer dtypes. */
const RANGE: { readonly [D in DType]?: readonly [least: number, most: number] } = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
};

/** @internal Whether a tensor of the dtype can hold `x`: every number as a float, else the integers of its range. */
export function holds(dtype: DType, x: unknown): x is number {
  if (typeof x !== 'number') return false;
  const range = RANGE[dtype];
  return !range || (Number.isInteger(x) && x >= range[0] && x <= range[1]);
}

/**
 * @internal Refuses elements that the dtype cannot hold, which would wrap or become NaN. Typed arrays pass unread as floats
 * and in their own dtype.
 */
export function checkElements(by: string, dtype: DType, data: ArrayLike<number>): void {
  const isTyped = ArrayBuffer.isView(data) && typeof data[0] === 'number'; // there are typed arrays of bigints
  if (isTyped && (isFloat({ dtype }) || isOf(dtype, data))) return;
  for (let i = 0; i < data.length; i++) if (!holds(dtype, data[i])) throw notHeld(by, `data[${i}]`, dtype, data[i]);
}

function isOf(dtype: DType, data: ArrayBufferView): boolean {
  return data instanceof (dtype === 'int32' ? Int32Array : Uint32Array);
}

/** @internal The error for an element, named by its place, that a dtype cannot hold. */
export function notHeld(by: string, place: string, dtype: DType, x: unknown): ShapeError {
  const range = RANGE[dtype];
  if (typeof x !== 'number' || !range) {
    const got = x === null || x === undefined ? `${x}` : `${typeof x} ${String(x)}`;
    return new ShapeError(`${by}: ${place} is ${got}, expected a number; pass numbers, such as Number(x)`);
  }
  return new ShapeError(
    `${by}: ${place} is ${x}, expected an integer from ${range[0]} to ${range[1]}, which ${dtype} can hold; ` +
      'round and clamp the data, or make a float32 tensor and convert it with cast',
  );
}
