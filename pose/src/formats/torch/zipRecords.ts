import type { FileEntry, LocalDirectory } from '@zip.js/zip.js';
import { DataError } from 'wgrad';

/** The records of a zip file that PyTorch wrote, by their path inside; the bytes are those of the file, not copies. */
export type ZipRecords = ReadonlyMap<string, Uint8Array>;

const STORED = 0;

/**
 * The records of a zip file, zip64 included. They must be stored as PyTorch stores them, uncompressed and each in bytes
 * of its own, so that no file grows in memory; nothing is ever written to a path that the file names.
 * @throws DataError where the file is no zip, is damaged, or holds a record twice, compressed or encrypted
 */
export async function readZipRecords(bytes: Uint8Array, where: string): Promise<ZipRecords> {
  // Loaded on demand: whoever reads safetensors needs no zip. This build has neither workers nor WebAssembly in it.
  const { ERR_UNSAFE_FILENAME, Uint8ArrayReader, ZipReader } = await import('@zip.js/zip.js/lib/zip-core-custom.js');
  const zip = new ZipReader(new Uint8ArrayReader(bytes), {
    useWebWorkers: false,
    checkCrc32: true,
    checkOverlappingEntry: true,
  });
  const records = new Map<string, Uint8Array>();
  let total = 0;
  try {
    for await (const entry of zip.getEntriesGenerator()) {
      const { filename, uncompressedSize } = entry;
      total += uncompressedSize;
      if (total > bytes.length) throw fault(where, filename, `more bytes than the file, ${bytes.length}, has`);
      if (records.has(filename)) throw fault(where, filename, 'a name that occurs twice');
      records.set(filename, entry.directory ? new Uint8Array() : await stored(bytes, entry, where));
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    const { message, filename = '' } = error as Error & { readonly filename?: string };
    const what = message === ERR_UNSAFE_FILENAME ? `invalid relative path: ${filename.slice(0, 200)}` : message;
    throw new DataError(`${where}: not a zip file as PyTorch writes it: ${what}`, { cause: error });
  }
  return records;
}

async function stored(bytes: Uint8Array, entry: FileEntry, where: string): Promise<Uint8Array> {
  const { filename, uncompressedSize: size } = entry;
  if (entry.encrypted) throw fault(where, filename, 'encrypted content');
  if (entry.compressionMethod !== STORED || entry.compressedSize !== size) {
    throw fault(where, filename, 'compressed content; PyTorch stores without compression, so pack it anew with zip -0');
  }
  try {
    // The checks read all of the record, whose bytes then need no copy.
    await entry.getData(new WritableStream());
  } catch (cause) {
    throw fault(where, filename, `damage: ${(cause as Error).message}`, cause);
  }
  const { dataOffset } = entry.localDirectory as LocalDirectory;
  return bytes.subarray(dataOffset, dataOffset + size);
}

function fault(where: string, record: string, what: string, cause?: unknown): DataError {
  return new DataError(`${where}: record ${JSON.stringify(record.slice(0, 200))} has ${what}`, { cause });
}
