import type { Rng } from 'wgrad';

/** Numbers that lengths and counts are replaced by. */
const LENGTHS = [0, 1, 7, 255, 65_535, 0x7fff_ffff, 0xffff_fff0, 0xffff_ffff];

/** Bytes with a few random changes: flipped bits, other values, lengths, pieces cut out, copied or taken from another seed. */
export function mutateBytes(bytes: Uint8Array, others: readonly Uint8Array[], rng: Rng): Uint8Array {
  // Not `slice`, which shares the memory of a Buffer.
  let out: Uint8Array = new Uint8Array(bytes);
  for (let changes = 1 + rng.int(4); changes > 0; changes--) {
    if (out.length === 0) return out;
    const at = rng.int(out.length);
    switch (rng.int(8)) {
      case 0:
      case 1:
        out[at] ^= 1 << rng.int(8);
        break;
      case 2:
        out[at] = rng.int(256);
        break;
      case 3:
        // A length of two, four or eight bytes, in either order of them.
        writeNumber(out, at, LENGTHS[rng.int(LENGTHS.length)], 1 + rng.int(8), rng.int(2) === 0);
        break;
      case 4:
        out = out.slice(0, at);
        break;
      case 5:
        out = joined(out.subarray(0, at), out.subarray(at + 1 + rng.int(16)));
        break;
      case 6: {
        const piece = out.subarray(at, at + 1 + rng.int(64));
        out = joined(out.subarray(0, at), ...new Array(1 + rng.int(20)).fill(piece), out.subarray(at));
        break;
      }
      default: {
        const other = others[rng.int(others.length)];
        const from = rng.int(other.length + 1);
        out = joined(out.subarray(0, at), other.subarray(from, from + rng.int(200)), out.subarray(at));
      }
    }
  }
  return out;
}

function writeNumber(out: Uint8Array, at: number, value: number, length: number, littleEndian: boolean): void {
  for (let i = 0; i < length && at + i < out.length; i++) {
    const place = littleEndian ? i : length - 1 - i;
    out[at + i] = place < 4 ? (value >>> (8 * place)) & 255 : value === 0xffff_ffff ? 255 : 0;
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
