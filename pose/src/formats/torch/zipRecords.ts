import { crc32 } from 'node:zlib';
import { DataError } from 'wgrad';
import type { Entry } from 'yauzl';

/** The records of a zip file that PyTorch wrote, by their path inside; the bytes are those of the file, not copies. */
export type ZipRecords = ReadonlyMap<string, Uint8Array>;

/**
 * The records of a zip file, zip64 included. They must be stored as PyTorch stores them, uncompressed and each in bytes
 * of its own, so that no file grows in memory; nothing is ever written to a path that the file names.
 * @throws DataError where the file is no zip, is damaged, or holds a record twice, compressed or encrypted
 */
export async function readZipRecords(bytes: Uint8Array, where: string): Promise<ZipRecords> {
  // Loaded on demand: whoever reads safetensors needs no zip.
  const { fromBufferPromise } = await import('yauzl');
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const records = new Map<string, Uint8Array>();
  let total = 0;
  try {
    const zip = await fromBufferPromise(file);
    for await (const entry of zip.eachEntry()) {
      const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
      const { fileName, uncompressedSize } = entry;
      total += uncompressedSize;
      if (total > file.length) throw fault(where, fileName, `more bytes than the file, ${file.length}, has`);
      if (records.has(fileName)) throw fault(where, fileName, 'a name that occurs twice');
      records.set(fileName, stored(file, entry, fileDataStart, where));
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`${where}: not a zip file as PyTorch writes it: ${(error as Error).message}`, { cause: error });
  }
  return records;
}

function stored(file: Buffer, entry: Entry, start: number, where: string): Uint8Array {
  const { fileName, compressionMethod, uncompressedSize: size } = entry;
  if (entry.isEncrypted()) throw fault(where, fileName, 'encrypted content');
  if (compressionMethod !== STORED || entry.compressedSize !== size) {
    throw fault(where, fileName, 'compressed content; PyTorch stores without compression, so pack it anew with zip -0');
  }
  const data = file.subarray(start, start + size);
  const sum = crc32(data);
  if (data.length !== size || sum !== entry.crc32) {
    throw fault(where, fileName, `the checksum ${hex(sum)}, expected ${hex(entry.crc32)}: damaged file`);
  }
  return data;
}

const STORED = 0;

function fault(where: string, record: string, what: string): DataError {
  return new DataError(`${where}: record ${JSON.stringify(record.slice(0, 200))} has ${what}`);
}

function hex(sum: number): string {
  return sum.toString(16).padStart(8, '0');
}
