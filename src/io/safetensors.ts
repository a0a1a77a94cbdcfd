import { DataError } from '../errors.js';
import { isRecord } from '../tensor/tree.js';
import { CHECKSUM, type ChecksumEntry, checksumOf } from './checksum.js';
import { counted } from './counted.js';
import { type ArrayData, type Dtype, diskDtypes, dtypeOf } from './dtypes.js';
import { excerptOfList } from './excerpt.js';

/** A tensor of a file: row-major `data` of `shape`; `dtype` is that of `data`, `F32` where the file held half floats. */
export interface StoredTensor {
  readonly dtype: Dtype;
  /** The dtype in the file, `F16` or `BF16`, where reading widened it. */
  readonly widenedFrom?: string;
  readonly shape: readonly number[];
  readonly data: ArrayData;
}

/** What a file holds: its tensors in the order of their bytes, and the strings of its `__metadata__`. */
export interface Safetensors {
  readonly tensors: Map<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The bound of the reference implementation. Without it a damaged length would be taken for the size of the header. */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * Parses a safetensors file: 8 bytes of header length, a JSON header, then the tensors' bytes without a gap.
 *
 * Checks what the reference implementation checks, and like it ignores fields of a tensor that the format does not
 * define. A checksum that wgrad wrote is checked as well, and left out of the metadata. The arrays are copies. Numbers
 * are little-endian, as on every machine that runs WebGPU.
 * @param file the whole file, such as what `response.arrayBuffer()` gives
 * @param where what to call the file in an error, usually its path
 * @throws DataError where the bytes break the format or their checksum, or a dtype is not one of `diskDtypes`
 * @see https://github.com/huggingface/safetensors#format
 */
export function parseSafetensors(file: Uint8Array | ArrayBuffer, where = 'safetensors'): Safetensors {
  const bytes = file instanceof Uint8Array ? file : new Uint8Array(file);
  const { header, dataStart } = parseHeader(bytes, where);
  const { __metadata__: said = {}, ...rest } = header;
  const { [CHECKSUM]: checksum, ...metadata } = checkMetadata(said, where);
  const entries = Object.entries(rest).map(([name, value]) => checkEntry(name, value, where));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);

  const tensors = new Map<string, StoredTensor>();
  let reached = 0;
  for (const { name, onDisk, shape, begin, end } of entries) {
    if (begin !== reached) {
      const fault = begin < reached ? 'overlaps the tensor before it' : 'leaves a gap before it';
      throw new DataError(`${where}: tensor "${name}" ${fault}: it begins at byte ${begin}, expected ${reached}`);
    }
    if (dataStart + end > bytes.length) throw truncated(where, `tensor "${name}"`, dataStart + end, bytes.length);
    // Not `slice`, which shares memory if the bytes are a Node Buffer. The copy is aligned, which the file need not be.
    const own = new Uint8Array(bytes.subarray(dataStart + begin, dataStart + end));
    tensors.set(name, storedTensor(onDisk, shape, own.buffer));
    reached = end;
  }
  const extra = bytes.length - dataStart - reached;
  if (extra > 0)
    throw new DataError(`${where}: ${counted(extra, 'byte')} behind the last tensor, expected none: damaged file`);
  if (checksum !== undefined) {
    const covered = entries.map(({ name, onDisk, shape, begin, end }) => [name, onDisk, shape, begin, end] as const);
    const found = checksumOf([bytes.subarray(dataStart)], covered, metadata);
    if (found !== checksum) {
      throw new DataError(
        `${where}: its checksum is ${found}, expected ${checksum}: damaged file, copy it again from its source; a program ` +
          `that changes a file has to take "${CHECKSUM}" out of its metadata`,
      );
    }
  }
  return { tensors, metadata };
}

/** The tensor of a dtype, by its name in `diskDtypes`, that bytes hold; it may keep them. */
export function storedTensor(onDisk: string, shape: readonly number[], bytes: ArrayBuffer): StoredTensor {
  const { memory, read } = diskDtypes[onDisk];
  const widened = memory === onDisk ? {} : { widenedFrom: onDisk };
  return { dtype: memory, shape, data: read(bytes), ...widened };
}

/**
 * Writes a safetensors file, byte for byte as the reference implementation does: widest dtypes first, which keeps every
 * tensor aligned, then by name; the header is padded with spaces to a multiple of 8 bytes.
 * @param tensors by name; `dtype` follows from the class of `data` and need be given for `BOOL` only
 * @param options.checksum adds a checksum to the metadata, which `parseSafetensors` checks and other readers ignore
 * @throws DataError where length, shape and dtype of a tensor disagree, or a name is `__metadata__`
 */
export function formatSafetensors(
  tensors: ReadonlyMap<string, Omit<StoredTensor, 'dtype'> & { readonly dtype?: Dtype }>,
  metadata: Readonly<Record<string, string>> = {},
  { checksum = false }: { readonly checksum?: boolean } = {},
): Uint8Array<ArrayBuffer> {
  const entries = [...tensors].map(([name, { shape, data, dtype = dtypeOf(data) }]) => {
    checkStorable(name, shape, data, dtype);
    return { name, dtype, shape, data };
  });
  entries.sort((a, b) => WRITE_ORDER.indexOf(a.dtype) - WRITE_ORDER.indexOf(b.dtype) || (a.name < b.name ? -1 : 1));

  // The JSON is put together by hand, because an object would reorder names that look like integers.
  let offset = 0;
  const covered: ChecksumEntry[] = [];
  const fields = entries.map(({ name, dtype, shape, data }) => {
    const begin = offset;
    offset += data.byteLength;
    covered.push([name, dtype, shape, begin, offset]);
    return `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, offset] })}`;
  });
  const parts = entries.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const own = checksum ? { ...metadata, [CHECKSUM]: checksumOf(parts, covered, metadata) } : metadata;
  if (Object.keys(own).length > 0) fields.unshift(`"__metadata__":${JSON.stringify(own)}`);
  const json = new TextEncoder().encode(`{${fields.join(',')}}`);
  const headerBytes = Math.ceil(json.length / 8) * 8;

  const file = new Uint8Array(8 + headerBytes + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, 8, 8 + headerBytes);
  file.set(json, 8);
  let at = 8 + headerBytes;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

const WRITE_ORDER: readonly Dtype[] = ['I64', 'F64', 'F32', 'U32', 'I32', 'I8', 'U8', 'BOOL'];

function checkStorable(name: string, shape: readonly number[], data: ArrayData, dtype: Dtype): void {
  const what = `safetensors: tensor "${name}"`;
  if (name === '__metadata__') throw new DataError(`${what} has a reserved name; rename it`);
  const own = dtypeOf(data);
  if (dtype !== own && !(dtype === 'BOOL' && own === 'U8')) {
    throw new DataError(`${what} is said to be ${dtype} but its data is ${own}`);
  }
  const expected = shape.reduce((product, size) => product * size, 1);
  if (data.length !== expected) {
    throw new DataError(`${what} has ${counted(data.length, 'value')}, expected ${expected} for shape [${shape}]`);
  }
}

function parseHeader(bytes: Uint8Array, where: string): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < 8) throw truncated(where, 'the header length', 8, bytes.length);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES) {
    throw new DataError(
      `${where}: the header length reads ${length}, expected at most ${MAX_HEADER_BYTES}: not a safetensors file`,
    );
  }
  const dataStart = 8 + length;
  if (dataStart > bytes.length) throw truncated(where, 'the header', dataStart, bytes.length);
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, dataStart));
    const header: unknown = JSON.parse(text);
    if (!isRecord(header)) throw new SyntaxError(`expected an object, got ${excerptOfList(header)}`);
    const twice = duplicateKey(text);
    if (twice !== undefined) throw new SyntaxError(`${twice} occurs twice`);
    return { header, dataStart };
  } catch (cause) {
    throw new DataError(`${where}: the header is not JSON as the format wants it: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/**
 * The first key, quoted, that an object in a valid JSON text has twice. `JSON.parse` would keep the last one without a
 * word.
 */
function duplicateKey(json: string): string | undefined {
  const open: Set<unknown>[] = [];
  const colon = /\s*:/y;
  for (let at = 0; at < json.length; at++) {
    if (json[at] === '{') open.push(new Set());
    else if (json[at] === '}') open.pop();
    else if (json[at] === '"') {
      const start = at++;
      while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
      colon.lastIndex = at + 1;
      if (!colon.test(json)) continue;
      const quoted = json.slice(start, at + 1);
      const key: unknown = JSON.parse(quoted);
      const keys = open[open.length - 1];
      if (keys.has(key)) return quoted;
      keys.add(key);
    }
  }
  return undefined;
}

interface HeaderEntry {
  readonly name: string;
  /** A name in `diskDtypes`. */
  readonly onDisk: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function checkEntry(name: string, value: unknown, where: string): HeaderEntry {
  const what = `${where}: tensor "${name}"`;
  if (!isRecord(value))
    throw new DataError(`${what} is ${excerptOfList(value)}, expected {dtype, shape, data_offsets}`);
  const { dtype: onDisk, shape, data_offsets: offsets } = value;
  if (typeof onDisk !== 'string' || !Object.hasOwn(diskDtypes, onDisk)) {
    const known = Object.keys(diskDtypes).join(', ');
    throw new DataError(`${what} has dtype ${excerptOfList(onDisk)}, expected one of ${known}`);
  }
  if (!isCounts(shape))
    throw new DataError(`${what} has shape ${excerptOfList(shape)}, expected a list of integers >= 0`);
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    throw new DataError(`${what} has data_offsets ${excerptOfList(offsets)}, expected [begin, end] with begin <= end`);
  }
  const [begin, end] = offsets;
  const needed = shape.reduce((product, size) => product * size, diskDtypes[onDisk].bytes);
  if (end - begin !== needed) {
    throw new DataError(`${what} has ${counted(end - begin, 'byte')}, expected ${needed} for ${onDisk} [${shape}]`);
  }
  return { name, onDisk, shape, begin, end };
}

function checkMetadata(value: unknown, where: string): Record<string, string> {
  if (!isRecord(value))
    throw new DataError(`${where}: __metadata__ is ${excerptOfList(value)}, expected an object of strings`);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') {
      throw new DataError(`${where}: __metadata__ "${key}" is ${excerptOfList(text)}, expected a string`);
    }
  }
  return value as Record<string, string>;
}

function truncated(where: string, what: string, needed: number, length: number): DataError {
  return new DataError(
    `${where}: ends at byte ${length}, expected at least ${needed} for ${what}: not a safetensors file, or cut short`,
  );
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
