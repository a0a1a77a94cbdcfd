import { DataError } from 'wgrad';

/** A real numeric array, first index fastest: element (i, j, k) is `data[i + dims[0] * (j + dims[1] * k)]`. */
export interface MatNumbers {
  readonly kind: 'numbers';
  readonly dims: readonly number[];
  readonly data: Float64Array;
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
  12: [8, (v, at) => Number(v.getBigInt64(at, true))],
  13: [8, (v, at) => Number(v.getBigUint64(at, true))],
};
/** Array classes; double, single and the integers are numeric. */
const CELL = 1;
const STRUCT = 2;
const CHAR = 4;
const FIRST_NUMERIC = 6;
const LAST_NUMERIC = 15;
const COMPLEX = 0x08;
/** MPII's annotation has about half of this; a compressed element that claims more is damaged or hostile. */
const LARGEST = 2 ** 29;

interface Element {
  readonly type: number;
  readonly body: DataView;
  readonly next: number;
}

/**
 * Reads the variables of a MATLAB 5 file (little-endian, zlib-compressed or not) by name. Structs and cells are parsed
 * one level at a time, when they are asked for, so that deep nesting does no harm. Format: MathWorks, "MAT-File
 * Format", level 5.
 * @param file names the source in messages
 * @throws DataError for another format (a version 7.3 file is HDF5), and where sizes do not fit
 */
export async function readMat5(bytes: Uint8Array, file: string): Promise<Map<string, MatValue>> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 128 || view.getUint16(124, true) !== 0x0100 || view.getUint16(126, true) !== 0x4d49) {
    throw new DataError(`${file}: not a little-endian MATLAB 5 file; save it from MATLAB with -v7, or give JSON`);
  }
  const variables = new Map<string, MatValue>();
  for (let at = 128; at < bytes.length; ) {
    const outer = element(view, at, file);
    at = outer.next;
    const inner = outer.type === COMPRESSED ? element(await inflate(outer.body, file), 0, file) : outer;
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

/** Node and browsers have zlib as a stream. */
async function inflate(body: DataView, file: string): Promise<DataView> {
  const packed = new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice();
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate')).getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  try {
    let length = 0;
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      length += read.value.length;
      if (length > LARGEST) throw new RangeError(`more than ${LARGEST} bytes`);
      chunks.push(read.value);
    }
  } catch {
    await reader.cancel().catch(() => undefined);
    throw broken(file, 'a compressed element does not decompress');
  }
  return new DataView(await new Blob(chunks).arrayBuffer());
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
  const name = new TextDecoder().decode(label.body);
  const dims = Array.from(numbers(shape, file));
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
  const [length] = numbers(width, file);
  const count = names.body.byteLength / length;
  if (names.body.byteLength > 0 && !Number.isInteger(count)) {
    throw broken(file, `names of ${length} bytes do not divide ${names.body.byteLength}`);
  }
  const fields = Array.from({ length: count || 0 }, (_, i) => {
    const bytes = new Uint8Array(names.body.buffer, names.body.byteOffset + i * length, length);
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  });
  return new MatMembers(body, names.next, dims, fields, file);
}

function text(found: Element, file: string): string {
  if (found.type === UTF8) return new TextDecoder().decode(found.body);
  if (found.type === UTF16) return new TextDecoder('utf-16le').decode(found.body);
  return Array.from(numbers(found, file), (code) => String.fromCharCode(code)).join('');
}

function numbers({ type, body }: Element, file: string): Float64Array {
  const numeric = NUMERIC[type];
  if (!numeric) throw broken(file, `element type ${type} is not numeric`);
  const [bytes, read] = numeric;
  if (body.byteLength % bytes !== 0) throw broken(file, `${body.byteLength} bytes do not divide into ${bytes}`);
  return Float64Array.from({ length: body.byteLength / bytes }, (_, i) => read(body, i * bytes));
}

const product = (dims: readonly number[]): number => dims.reduce((n, d) => n * d, 1);

function broken(file: string, reason: string): DataError {
  return new DataError(`${file}: broken MATLAB 5 file, ${reason}; copy it again from its source`);
}
