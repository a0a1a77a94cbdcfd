import { crc32 } from './crc32.js';

/** The key of the metadata under which wgrad keeps a file's checksum. */
export const CHECKSUM = 'wgrad_checksum';

/** What a checksum covers of a tensor besides its bytes: name, dtype, shape and place. */
export type ChecksumEntry = readonly [
  name: string,
  dtype: string,
  shape: readonly number[],
  begin: number,
  end: number,
];

/**
 * A checksum of all that a safetensors file says: `crc32:` and the CRC-32 of the tensors' bytes, then of a text of the
 * entries and of the other metadata, each in a fixed order. So it holds for every way to write the same header.
 */
export function checksumOf(
  data: readonly Uint8Array[],
  entries: readonly ChecksumEntry[],
  metadata: Readonly<Record<string, string>>,
): string {
  const others = Object.entries(metadata).filter(([key]) => key !== CHECKSUM);
  const text = JSON.stringify([entries.toSorted(byPlace), others.toSorted(([a], [b]) => compare(a, b))]);
  const sum = [...data, new TextEncoder().encode(text)].reduce((crc, bytes) => crc32(bytes, crc), 0);
  return `crc32:${sum.toString(16).padStart(8, '0')}`;
}

function byPlace(a: ChecksumEntry, b: ChecksumEntry): number {
  return a[3] - b[3] || a[4] - b[4] || compare(a[0], b[0]);
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
