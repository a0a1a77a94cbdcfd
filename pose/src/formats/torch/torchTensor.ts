import { DataError } from 'wgrad';
import { type DiskDtype, diskDtypes, type StoredTensor, storedTensor } from 'wgrad/io';
import { kindOf } from './pickleValues.js';

/** Numbers in a PyTorch file, which tensors view. */
export interface TorchStorage {
  /** Its name in the file. */
  readonly key: string;
  /** The dtype by safetensors' name; `null` for bytes whose dtype each tensor tells. */
  readonly dtype: string | null;
  /** How many numbers stand before this part of the storage, and how many are in it; bytes where there is no dtype. */
  readonly start: number;
  readonly length: number;
}

/** A view of a storage as the file describes it, unchecked; offset and strides count elements. */
export class TorchTensor {
  readonly storage: TorchStorage;
  readonly dtype: string;
  readonly offset: unknown;
  readonly shape: unknown;
  readonly strides: unknown;

  constructor(storage: TorchStorage, dtype: string, offset: unknown, shape: unknown, strides: unknown) {
    this.storage = storage;
    this.dtype = dtype;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

/**
 * Copies a tensor out of its storage, row-major.
 * @param data all bytes of the storage that the tensor names
 * @param what names file and tensor in an error
 * @throws DataError where shape, strides and offset reach beyond the storage, or repeat its values
 */
export function readTensor(tensor: TorchTensor, data: Uint8Array, what: string): StoredTensor {
  const { storage, offset, shape, strides } = tensor;
  const dtype = diskDtypes[tensor.dtype];
  if (!isCounts(shape) || !isCounts(strides) || !isCount(offset) || shape.length !== strides.length) {
    throw new DataError(
      `${what}: shape ${show(shape)}, strides ${show(strides)} and offset ${show(offset)} are no view`,
    );
  }
  // A plain product would be NaN for infinity times zero.
  const size = shape.includes(0) ? 0 : shape.reduce((product, n) => product * n, 1);
  const width = storage.dtype === null ? 1 : dtype.bytes;
  const length = Math.floor((storage.length * width) / dtype.bytes);
  const reach = size === 0 ? 0 : offset + shape.reduce((sum, n, axis) => sum + (n - 1) * strides[axis], 1);
  // A view with more values than its storage is an expanded one; with it a few bytes could claim any amount of memory.
  if (reach > length || size > length) {
    throw new DataError(
      `${what}: [${shape.join(', ')}] with strides [${strides.join(', ')}] from ${offset} reads ${size} values up to ` +
        `number ${reach}, its storage has ${length}; save a contiguous() copy`,
    );
  }
  const begin = storage.start * width + offset * dtype.bytes;
  const own = isContiguous(shape, strides)
    ? new Uint8Array(data.subarray(begin, begin + size * dtype.bytes))
    : gather(data.subarray(begin), shape, strides, dtype, size);
  return storedTensor(tensor.dtype, shape, own.buffer);
}

/** The values of a view in row-major order, for any strides. */
function gather(
  data: Uint8Array,
  shape: readonly number[],
  strides: readonly number[],
  { bytes }: DiskDtype,
  size: number,
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(size * bytes);
  const index = new Array<number>(shape.length).fill(0);
  let source = 0;
  for (let at = 0; at < out.length; at += bytes) {
    for (let b = 0; b < bytes; b++) out[at + b] = data[source * bytes + b];
    // Counts up like an odometer, from the last axis, and moves the source along.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      source += strides[axis];
      if (++index[axis] < shape[axis]) break;
      source -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis];
  }
  return true;
}

/** Whether a value from a file is a count. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** PyTorch's limit on the number of axes. */
const MAX_RANK = 64;

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.length <= MAX_RANK && value.every(isCount);
}

/** `String(value)` will not do, because lists in a file may be nested without end. */
function show(value: unknown): string {
  const one = (item: unknown) => (typeof item === 'number' ? String(item) : kindOf(item));
  return Array.isArray(value) ? `[${value.slice(0, 8).map(one).join(', ')}]` : one(value);
}
