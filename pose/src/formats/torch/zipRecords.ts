import type { Entry } from '@zip.js/zip.js';
import { DataError } from 'wgrad';
import { crc32 } from 'wgrad/io';
import { inflate } from '../inflate.js';

/** The records of a zip file by their path inside; the bytes of stored ones are those of the file, not copies. */
export type ZipRecords = ReadonlyMap<string, Uint8Array>;

const STORED = 0;
const DEFLATED = 8;
/** A record of a directory takes 50 us to read; a file of PyTorch has one for each storage. */
const MOST_RECORDS = 50_000;
/** How many times the bytes of the file its records may have; weights that were packed once more shrink to a half at best. */
const MOST_GROWTH = 16;
/** The fixed part of a record's own header, and where in it the lengths of its name and extra field stand. */
const HEADER = { bytes: 30, sign: 0x04034b50, name: 26, extra: 28 };

/**
 * The records of a zip file, zip64 included, stored as PyTorch stores them or deflated. Each is held to its checksum and
 * stands in bytes of its own; all together they have at most 16 times the bytes of the file. Nothing is ever written to a
 * path that the file names.
 * @throws DataError where the file is no zip, is damaged, or holds a record twice, encrypted or packed in another way
 */
export async function readZipRecords(bytes: Uint8Array, where: string): Promise<ZipRecords> {
  const records = new Map<string, Uint8Array>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let room = MOST_GROWTH * bytes.length;
  let reached = 0;
  for (const entry of await entriesOf(bytes, where)) {
    const { filename, uncompressedSize: size } = entry;
    room -= size;
    if (room < 0)
      throw fault(where, filename, `more bytes than ${MOST_GROWTH} times the file, which has ${bytes.length}`);
    if (records.has(filename)) throw fault(where, filename, 'a name that occurs twice');
    const begin = dataOf(view, entry);
    if (begin === undefined || begin + entry.compressedSize > bytes.length) {
      throw fault(where, filename, 'damage: its header is not where the directory says');
    }
    if (entry.offset < reached) throw fault(where, filename, 'damage: its bytes are those of another record too');
    reached = begin + entry.compressedSize;
    records.set(filename, await contentOf(bytes.subarray(begin, reached), entry, where));
  }
  return records;
}

/** The directory of the file, in the order of the records' bytes. */
async function entriesOf(bytes: Uint8Array, where: string): Promise<Entry[]> {
  // Loaded on demand: whoever reads safetensors needs no zip. This build has neither workers nor WebAssembly in it.
  const { ERR_UNSAFE_FILENAME, Uint8ArrayReader, ZipReader } = await import('@zip.js/zip.js/lib/zip-core-custom.js');
  const zip = new ZipReader(new Uint8ArrayReader(bytes), { useWebWorkers: false });
  const entries: Entry[] = [];
  try {
    for await (const entry of zip.getEntriesGenerator()) {
      if (entries.push(entry) > MOST_RECORDS)
        throw new DataError(`${where}: a zip of more than ${MOST_RECORDS} records`);
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    const { message, filename = '' } = error as Error & { readonly filename?: string };
    const what = message === ERR_UNSAFE_FILENAME ? `invalid relative path: ${filename.slice(0, 200)}` : message;
    throw new DataError(`${where}: not a zip file as PyTorch writes it: ${what}`, { cause: error });
  }
  return entries.sort((a, b) => a.offset - b.offset);
}

/** Where the content of a record begins, behind its own header; undefined where there is none. */
function dataOf(view: DataView, { offset }: Entry): number | undefined {
  if (offset + HEADER.bytes > view.byteLength || view.getUint32(offset, true) !== HEADER.sign) return undefined;
  const [name, extra] = [HEADER.name, HEADER.extra].map((at) => view.getUint16(offset + at, true));
  return offset + HEADER.bytes + name + extra;
}

async function contentOf(packed: Uint8Array, entry: Entry, where: string): Promise<Uint8Array> {
  const { filename, compressionMethod: method, uncompressedSize: size, crc32: sum } = entry;
  if (entry.encrypted) throw fault(where, filename, 'encrypted content');
  if (method !== STORED && method !== DEFLATED) {
    throw fault(where, filename, `content packed by method ${method}; pack it anew with zip, or zip -0`);
  }
  const content =
    method === STORED
      ? packed
      : await inflate(packed, 'deflate-raw', size).catch((cause: unknown) => {
          throw fault(where, filename, 'damage: it does not decompress', cause);
        });
  if (content?.length !== size)
    throw fault(where, filename, `damage: it has not the ${size} bytes that it should have`);
  if (crc32(content) !== sum) throw fault(where, filename, 'damage: its checksum is another');
  return content;
}

function fault(where: string, record: string, what: string, cause?: unknown): DataError {
  return new DataError(`${where}: record ${JSON.stringify(record.slice(0, 200))} has ${what}`, { cause });
}
