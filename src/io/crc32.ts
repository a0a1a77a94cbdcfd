/**
 * The CRC-32 of bytes, as zlib and ZIP files have it; `crc` is that of the bytes before them. It finds every change of a
 * single bit, or of neighbouring bits up to 32, and misses any other with a chance of 2^-32. Against forgery it is no help.
 *
 * Eight bytes are taken at a time ("slicing by eight", Kounavis and Berry, 2008).
 */
export function crc32(bytes: Uint8Array, crc = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables();
  let c = ~crc;
  let at = 0;
  for (const end = bytes.length - 7; at < end; at += 8) {
    const low = c ^ (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24));
    c =
      t7[low & 255] ^
      t6[(low >>> 8) & 255] ^
      t5[(low >>> 16) & 255] ^
      t4[low >>> 24] ^
      t3[bytes[at + 4]] ^
      t2[bytes[at + 5]] ^
      t1[bytes[at + 6]] ^
      t0[bytes[at + 7]];
  }
  for (; at < bytes.length; at++) c = t0[(c ^ bytes[at]) & 255] ^ (c >>> 8);
  return ~c >>> 0;
}

/** The polynomial of CRC-32, least bit first. */
const POLYNOMIAL = 0xedb88320;
let made: readonly Int32Array[] | undefined;

/** Table k holds what each byte becomes with k more bytes behind it. */
function tables(): readonly Int32Array[] {
  if (made) return made;
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let c = byte;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ POLYNOMIAL : c >>> 1;
    return c;
  });
  const all = [first];
  for (let k = 1; k < 8; k++) all.push(all[k - 1].map((c) => first[c & 255] ^ (c >>> 8)));
  made = all;
  return all;
}
