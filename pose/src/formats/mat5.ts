import { DataError } from 'wgrad';
import { inflate } from './inflate.js';

/** Numbers in memory as the file has them: MATLAB may store an array of doubles that are all whole in a smaller type. */
export type MatData =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/** A real numeric array, first index fastest: element (i, j, k) is `data[i + dims[0] * (j + dims[1] * k)]`. */
export interface MatNumbers {
  readonly kind: 'numbers';
  readonly dims: readonly number[];
  readonly data: MatData;
}

/** Characters, in one line. */
export interface MatText {
  readonly kind: 'text';
  readonly text: string;
}

/** Values that wgrad does not read: complex and sparse arrays, objects, functions. */
export interface MatOther {
  readonly kind: 'other';
}

export type MatValue = MatNumbers | MatText | MatOther | MatMembers;

const MATRIX = 14;
const COMPRESSED = 15;
const UTF8 = 16;
const UTF16 = 17;
/** Bytes of each numeric element type, by its code in the format, and how an array is made of an own copy of them. */
const NUMERIC: Readonly<Record<number, readonly [bytes: number, read: (own: ArrayBuffer) => MatData]>> = {
  1: [1, (own) => new Int8Array(own)],
  2: [1, (own) => new Uint8Array(own)],
  3: [2, (own) => new Int16Array(own)],
  4: [2, (own) => new Uint16Array(own)],
  5: [4, (own) => new Int32Array(own)],
  6: [4, (own) => new Uint32Array(own)],
  7: [4, (own) => new Float32Array(own)],
  9: [8, (own) => new Float64Array(own)],
  12: [8, (own) => Float64Array.from(new BigInt64Array(own), Number)],
  13: [8, (own) => Float64Array.from(new BigUint64Array(own), Number)],
};
/** Array classes; double, single and the integers are numeric. */
const CELL = 1;
const STRUCT = 2;
const CHAR = 4;
const FIRST_NUMERIC = 6;
const LAST_NUMERIC = 15;
const COMPLEX = 0x08;
/**
 * What compressed elements may become, all together: so many times the bytes of the file and a megabyte, and no more than
 * half a gigabyte. MPII's annotation grows about twentyfold to half of that; zlib would allow a thousandfold.
 */
const MOST_GROWTH = 128;
const LARGEST = 2 ** 29;
/** MATLAB's own limits on names and axes are lower. */
const MOST_AXES = 64;
const LONGEST_NAME = 4096;

interface Element {
  readonly type: number;
  readonly body: DataView;
  readonly next: number;
}

/**
 * Reads the variables of a MATLAB 5 file (little-endian, zlib-compressed or not) by name. Structs and cells are parsed
 * one level at a time, when they are asked for, so that deep nesting does no harm. What is compressed may grow to 128
 * times the size of the file. Format: MathWorks, "MAT-File Format", level 5.
 * @param file names the source in messages
 * @throws DataError for another format (a version 7.3 file is HDF5), and where sizes do not fit
 */
export async function readMat5(bytes: Uint8Array, file: string): Promise<Map<string, MatValue>> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 128 || view.getUint16(124, true) !== 0x0100 || view.getUint16(126, true) !== 0x4d49) {
    throw new DataError(`${file}: not a little-endian MATLAB 5 file; save it from MATLAB with -v7, or give JSON`);
  }
  const variables = new Map<string, MatValue>();
  let room = Math.min(LARGEST, 2 ** 20 + MOST_GROWTH * bytes.length);
  for (let at = 128; at < bytes.length; ) {
    const outer = element(view, at, file);
    at = outer.next;
    let inner = outer;
    if (outer.type === COMPRESSED) {
      const whole = await inflated(outer.body, room, file);
      room -= whole.byteLength;
      inner = element(whole, 0, file);
    }
    if (inner.type !== MATRIX) continue;
    const { name, value } = matrix(inner.body, file);
    variables.set(name, value);
  }
  return variables;
}

/** An array of structs or, with a single field that has no name, of cells; first index fastest. */
export class MatMembers {
  readonly kind = 'members';
  readonly dims: readonly number[];
  readonly fields: readonly string[];
  readonly length: number;
  readonly #view: DataView;
  readonly #file: string;
  /** Where the fields of the members begin, as far as they were parsed; member by member, field by field. */
  readonly #offsets: number[];

  /** @param start where the first field of the first member begins */
  constructor(view: DataView, start: number, dims: readonly number[], fields: readonly string[], file: string) {
    this.#view = view;
    this.#file = file;
    this.#offsets = [start];
    this.dims = dims;
    this.fields = fields;
    this.length = product(dims);
    // A field takes at least eight bytes.
    if (!(this.length * Math.max(1, fields.length) * 8 <= view.byteLength)) {
      throw broken(file, `${dims.join('x')} structs or cells do not fit into ${view.byteLength} bytes`);
    }
  }

  /** A field of a member; undefined where there is no field of that name. @throws DataError where it is damaged */
  at(index: number, field = ''): MatValue | undefined {
    const column = this.fields.indexOf(field);
    if (column < 0 || !(index >= 0 && index < this.length)) return undefined;
    const wanted = index * this.fields.length + column;
    const offsets = this.#offsets;
    while (offsets.length <= wanted) {
      offsets.push(element(this.#view, offsets[offsets.length - 1], this.#file).next);
    }
    const found = element(this.#view, offsets[wanted], this.#file);
    if (found.type !== MATRIX) throw broken(this.#file, `a member is of element type ${found.type}`);
    return matrix(found.body, this.#file).value;
  }
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

async function inflated({ buffer, byteOffset, byteLength }: DataView, room: number, file: string): Promise<DataView> {
  const whole = await inflate(new Uint8Array(buffer, byteOffset, byteLength), 'deflate', room).catch(() => {
    throw broken(file, 'a compressed element does not decompress');
  });
  if (!whole) throw broken(file, `compressed elements become more than ${MOST_GROWTH} times its size`);
  return new DataView(whole.buffer);
}

function matrix(body: DataView, file: string): { readonly name: string; readonly value: MatValue } {
  // scipy and MATLAB write an empty value within a struct like this.
  if (body.byteLength === 0) return { name: '', value: { kind: 'numbers', dims: [0, 0], data: new Float64Array() } };
  const flags = element(body, 0, file);
  const shape = element(body, flags.next, file);
  const label = element(body, shape.next, file);
  if (flags.body.byteLength < 8) throw broken(file, 'an array has no flags');
  const kind = flags.body.getUint8(0);
  const complex = (flags.body.getUint8(1) & COMPLEX) !== 0;
  if (label.body.byteLength > LONGEST_NAME) throw broken(file, `a name has ${label.body.byteLength} bytes`);
  const name = new TextDecoder().decode(label.body);
  const dims = dimsOf(shape, file);
  if (kind === CELL) return { name, value: new MatMembers(body, label.next, dims, [''], file) };
  if (kind === STRUCT) return { name, value: structs(body, label.next, dims, file) };
  if (kind === CHAR) return { name, value: { kind: 'text', text: text(element(body, label.next, file), file) } };
  if (kind < FIRST_NUMERIC || kind > LAST_NUMERIC || complex) return { name, value: { kind: 'other' } };
  const data = numbers(element(body, label.next, file), file);
  if (data.length !== product(dims)) {
    throw broken(file, `array ${name} of ${dims.join('x')} holds ${data.length} numbers`);
  }
  return { name, value: { kind: 'numbers', dims, data } };
}

function structs(body: DataView, at: number, dims: readonly number[], file: string): MatMembers {
  const width = element(body, at, file);
  const names = element(body, width.next, file);
  const [length = 0] = numbers(width, file);
  const bytes = names.body.byteLength;
  // A struct without fields may say anything of the length of their names.
  const isLength = Number.isInteger(length) && length > 0 && length <= LONGEST_NAME;
  if (bytes > 0 && !(isLength && bytes % length === 0)) {
    throw broken(file, `names of ${length} bytes do not divide ${bytes}`);
  }
  const fields = Array.from({ length: bytes > 0 ? bytes / length : 0 }, (_, i) => {
    const bytes = new Uint8Array(names.body.buffer, names.body.byteOffset + i * length, length);
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  });
  return new MatMembers(body, names.next, dims, fields, file);
}

function text(found: Element, file: string): string {
  if (found.type === UTF8) return new TextDecoder().decode(found.body);
  if (found.type === UTF16) return new TextDecoder('utf-16le').decode(found.body);
  return new TextDecoder('utf-16le').decode(Uint16Array.from(numbers(found, file)));
}

function dimsOf(shape: Element, file: string): number[] {
  const dims = numbers(shape, file);
  const areSizes = dims.length <= MOST_AXES && dims.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (!areSizes) throw broken(file, `an array has ${dims.length} axes, or one of no size`);
  return Array.from(dims);
}

function numbers({ type, body }: Element, file: string): MatData {
  const numeric = NUMERIC[type];
  if (!numeric) throw broken(file, `element type ${type} is not numeric`);
  const [bytes, read] = numeric;
  if (body.byteLength % bytes !== 0) throw broken(file, `${body.byteLength} bytes do not divide into ${bytes}`);
  // A copy is aligned, as the file need not be. Numbers are little-endian, as on every machine that runs WebGPU.
  return read(body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength) as ArrayBuffer);
}

const product = (dims: readonly number[]): number => dims.reduce((n, d) => n * d, 1);

function broken(file: string, reason: string): DataError {
  return new DataError(`${file}: broken MATLAB 5 file, ${reason}; copy it again from its source`);
}
