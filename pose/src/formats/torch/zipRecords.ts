import { DataError } from 'wgrad';
import { crc32 } from './crc32.js';

/** The records of a zip file that PyTorch wrote, by their path inside; the bytes are those of the file, not copies. */
export type ZipRecords = ReadonlyMap<string, Uint8Array>;

/** How the parts of a zip file begin, and how long they are at least (APPNOTE.TXT of PKWARE, 4.3). */
const LOCAL = { magic: 0x04034b50, size: 30 };
const CENTRAL = { magic: 0x02014b50, size: 46 };
const END = { magic: 0x06054b50, size: 22 };
const END64 = { magic: 0x06064b50, size: 56 };
const LOCATOR64 = { magic: 0x07064b50, size: 20 };
/** A field that stands in the record of zip64, with eight bytes. */
const ELSEWHERE = 0xffffffff;
const ZIP64 = 1;
const LONGEST_COMMENT = 0xffff;
const ENCRYPTED = 1;
const STORED = 0;
/** A path that leads out of the folder that a zip file is unpacked to. */
const OUTSIDE = /^\/|^[a-z]:|\\|(^|\/)\.\.(\/|$)/i;

/** One entry of the central directory. */
interface Entry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly sum: number;
  readonly packed: number;
  readonly size: number;
  readonly at: number;
}

/**
 * The records of a zip file, zip64 included. They must be stored as PyTorch stores them, uncompressed and each in bytes
 * of its own, so that no file grows in memory; nothing is ever written to a path that the file names.
 * @throws DataError where the file is no zip, is damaged, or holds a record twice, compressed or encrypted
 */
export function readZipRecords(bytes: Uint8Array, where: string): ZipRecords {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records = new Map<string, Uint8Array>();
  let total = 0;
  for (const entry of entriesOf(view, where)) {
    const { name, size } = entry;
    total += size;
    if (total > bytes.length) throw fault(where, name, `more bytes than the file, ${bytes.length}, has`);
    if (records.has(name)) throw fault(where, name, 'a name that occurs twice');
    records.set(name, stored(bytes, view, entry, where));
  }
  return records;
}

/** Whether a part of the file stands at `at`, all of it. */
function isAt(view: DataView, at: number, { magic, size }: { readonly magic: number; readonly size: number }): boolean {
  return at >= 0 && at + size <= view.byteLength && view.getUint32(at, true) === magic;
}

/** The central directory, entry by entry. */
function* entriesOf(view: DataView, where: string): Generator<Entry> {
  const { count, start } = directoryOf(view, where);
  let at = start;
  for (let i = 0; i < count; i++) {
    if (!isAt(view, at, CENTRAL)) throw notZip(where, `entry ${i} of ${count} of its directory is missing`);
    const [name, extra, comment] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const end = at + CENTRAL.size + name + extra;
    if (end + comment > view.byteLength) throw notZip(where, `entry ${i} of ${count} of its directory is cut short`);
    const [packed, size, offset] = bigFields(view, at, end - extra, end, where);
    const path = new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at + CENTRAL.size, name));
    if (OUTSIDE.test(path)) throw notZip(where, `invalid relative path: ${path.slice(0, 200)}`);
    yield {
      name: path,
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
      sum: view.getUint32(at + 16, true),
      ...{ packed, size, at: offset },
    };
    at = end + comment;
  }
}

/** How many entries there are, and where the first begins. */
function directoryOf(view: DataView, where: string): { count: number; start: number } {
  let end = view.byteLength - END.size;
  const last = end - LONGEST_COMMENT;
  while (end >= Math.max(0, last) && !isAt(view, end, END)) end--;
  if (!isAt(view, end, END)) throw notZip(where, 'the end of its directory is missing: damaged file, or cut short');
  const [count, start] = [view.getUint16(end + 10, true), view.getUint32(end + 16, true)];
  const locator = end - LOCATOR64.size;
  if (!isAt(view, locator, LOCATOR64)) return { count, start };
  const end64 = Number(view.getBigUint64(locator + 8, true));
  if (!isAt(view, end64, END64)) throw notZip(where, 'the end of its zip64 directory is missing: damaged file');
  return {
    count: Number(view.getBigUint64(end64 + 32, true)),
    start: Number(view.getBigUint64(end64 + 48, true)),
  };
}

/** Packed size, size and place of an entry, of which those that are too large for it stand in its extra field. */
function bigFields(view: DataView, entry: number, from: number, to: number, where: string): number[] {
  const small = [20, 24, 42].map((offset) => view.getUint32(entry + offset, true));
  if (!small.includes(ELSEWHERE)) return small;
  for (let at = from; at + 4 <= to; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== ZIP64) continue;
    const end = Math.min(to, at + 4 + view.getUint16(at + 2, true));
    let next = at + 4;
    return small.map((value) => {
      if (value !== ELSEWHERE) return value;
      if (next + 8 > end) throw notZip(where, 'an entry of its directory lacks its zip64 sizes');
      next += 8;
      return Number(view.getBigUint64(next - 8, true));
    });
  }
  throw notZip(where, 'an entry of its directory lacks its zip64 sizes');
}

function stored(bytes: Uint8Array, view: DataView, entry: Entry, where: string): Uint8Array {
  const { name, size } = entry;
  if (!isAt(view, entry.at, LOCAL)) throw notZip(where, `nothing begins where record ${JSON.stringify(name)} should`);
  if (entry.flags & ENCRYPTED) throw fault(where, name, 'encrypted content');
  if (entry.method !== STORED || entry.packed !== size) {
    throw fault(where, name, 'compressed content; PyTorch stores without compression, so pack it anew with zip -0');
  }
  const start = entry.at + LOCAL.size + view.getUint16(entry.at + 26, true) + view.getUint16(entry.at + 28, true);
  const data = bytes.subarray(start, start + size);
  const sum = crc32(data);
  if (data.length !== size || sum !== entry.sum) {
    throw fault(where, name, `the checksum ${hex(sum)}, expected ${hex(entry.sum)}: damaged file`);
  }
  return data;
}

function notZip(where: string, what: string): DataError {
  return new DataError(`${where}: not a zip file as PyTorch writes it: ${what}`);
}

function fault(where: string, record: string, what: string): DataError {
  return new DataError(`${where}: record ${JSON.stringify(record.slice(0, 200))} has ${what}`);
}

function hex(sum: number): string {
  return sum.toString(16).padStart(8, '0');
}
