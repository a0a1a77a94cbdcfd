import { inflateSync } from 'node:zlib';
import { DataError } from '../errors.js';

/** A numeric MATLAB array, first index fastest: element (i, j, k) is `data[i + dims[0] * (j + dims[1] * k)]`. */
export interface MatArray {
  readonly dims: readonly number[];
  readonly data: Float64Array;
}

const MATRIX = 14;
const COMPRESSED = 15;
/** Bytes and reader of each numeric element type, by its code in the format. */
const NUMERIC: Readonly<Record<number, readonly [bytes: number, read: (v: DataView, at: number) => number]>> = {
  1: [1, (v, at) => v.getInt8(at)],
  2: [1, (v, at) => v.getUint8(at)],
  3: [2, (v, at) => v.getInt16(at, true)],
  4: [2, (v, at) => v.getUint16(at, true)],
  5: [4, (v, at) => v.getInt32(at, true)],
  6: [4, (v, at) => v.getUint32(at, true)],
  7: [4, (v, at) => v.getFloat32(at, true)],
  9: [8, (v, at) => v.getFloat64(at, true)],
};
/** Array classes double, single and the integers; the rest (cell, struct, char, sparse ...) hold no plain numbers. */
const FIRST_NUMERIC_CLASS = 6;
const LAST_NUMERIC_CLASS = 13;
const COMPLEX = 0x08;
/** No annotation file comes near this; a compressed element that claims more is broken or hostile. */
const LARGEST = 2 ** 28;

interface Element {
  readonly type: number;
  readonly body: DataView;
  readonly next: number;
}

/**
 * Reads the real numeric arrays of a MATLAB 5 file (little-endian, zlib-compressed or not) by name; other classes are
 * passed over. Format: MathWorks, "MAT-File Format", level 5.
 * @param file names the source in messages.
 * @throws DataError for another format (a version 7.3 file is HDF5), and where sizes do not fit.
 */
export function readMat5(bytes: Uint8Array, file: string): Map<string, MatArray> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 128 || view.getUint16(124, true) !== 0x0100 || view.getUint16(126, true) !== 0x4d49) {
    throw new DataError(
      `${file}: not a little-endian MATLAB 5 file; save it from MATLAB with -v7, or give joints.json`,
    );
  }
  const arrays = new Map<string, MatArray>();
  for (let at = 128; at < bytes.length; ) {
    const outer = element(view, at, file);
    at = outer.next;
    const inner = outer.type === COMPRESSED ? element(inflate(outer.body, file), 0, file) : outer;
    if (inner.type === MATRIX) matrix(inner.body, file, arrays);
  }
  return arrays;
}

function element(view: DataView, at: number, file: string): Element {
  if (at + 8 > view.byteLength) throw broken(file, `it ends inside the tag at byte ${at}`);
  const tag = view.getUint32(at, true);
  // The small format packs type, length and at most four bytes into one tag.
  const small = tag >>> 16;
  const type = small ? tag & 0xffff : tag;
  const length = small || view.getUint32(at + 4, true);
  const start = at + (small ? 4 : 8);
  if ((small && length > 4) || start + length > view.byteLength) {
    throw broken(file, `the element at byte ${at} claims ${length} bytes`);
  }
  const body = new DataView(view.buffer, view.byteOffset + start, length);
  const padded = type === COMPRESSED ? length : Math.ceil(length / 8) * 8;
  return { type, body, next: small ? at + 8 : start + padded };
}

function inflate(body: DataView, file: string): DataView {
  try {
    const raw = inflateSync(new Uint8Array(body.buffer, body.byteOffset, body.byteLength), {
      maxOutputLength: LARGEST,
    });
    return new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  } catch {
    throw broken(file, 'a compressed element does not decompress');
  }
}

function matrix(body: DataView, file: string, arrays: Map<string, MatArray>): void {
  const flags = element(body, 0, file);
  const shape = element(body, flags.next, file);
  const label = element(body, shape.next, file);
  if (flags.body.byteLength < 8) throw broken(file, 'an array has no flags');
  const kind = flags.body.getUint8(0);
  const complex = (flags.body.getUint8(1) & COMPLEX) !== 0;
  if (kind < FIRST_NUMERIC_CLASS || kind > LAST_NUMERIC_CLASS || complex) return;
  const dims = Array.from(numbers(shape, file));
  const name = new TextDecoder().decode(label.body);
  const data = numbers(element(body, label.next, file), file);
  if (data.length !== dims.reduce((n, d) => n * d, 1)) {
    throw broken(file, `array ${name} of ${dims.join('x')} holds ${data.length} numbers`);
  }
  arrays.set(name, { dims, data });
}

function numbers({ type, body }: Element, file: string): Float64Array {
  const numeric = NUMERIC[type];
  if (!numeric) throw broken(file, `element type ${type} is not numeric`);
  const [bytes, read] = numeric;
  if (body.byteLength % bytes !== 0) throw broken(file, `${body.byteLength} bytes do not divide into ${bytes}`);
  return Float64Array.from({ length: body.byteLength / bytes }, (_, i) => read(body, i * bytes));
}

function broken(file: string, reason: string): DataError {
  return new DataError(`${file}: broken MATLAB 5 file, ${reason}; copy it again from its source`);
}
