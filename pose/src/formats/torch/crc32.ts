/** What each byte adds to the remainder; four tables take four bytes at a time (Sarwate's table, sliced as Kounavis and Berry). */
const TABLES = tables();

/** The checksum that zip files have of their records: the remainder of ISO 3309's polynomial, reflected. */
export function crc32(bytes: Uint8Array): number {
  const [t0, t1, t2, t3] = TABLES;
  let sum = ~0;
  let i = 0;
  for (; i + 4 <= bytes.length; i += 4) {
    sum ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    sum = t3[sum & 255] ^ t2[(sum >>> 8) & 255] ^ t1[(sum >>> 16) & 255] ^ t0[sum >>> 24];
  }
  for (; i < bytes.length; i++) sum = t0[(sum ^ bytes[i]) & 255] ^ (sum >>> 8);
  return ~sum >>> 0;
}

function tables(): Int32Array[] {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let sum = byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
    return sum;
  });
  const next = (table: Int32Array) => table.map((sum) => first[sum & 255] ^ (sum >>> 8));
  const [second, third] = [next(first), next(next(first))];
  return [first, second, third, next(third)];
}
