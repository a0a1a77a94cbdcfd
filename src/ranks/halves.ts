import { float16Value } from '../tensor/float16.js';

/** Halves before those of the values: together they hold the float32 that all of them are divided by. */
export const HALVES_OF_SCALE = 2;

/** The largest value becomes at most so large: far from the largest half, 65504. */
const LARGEST = 15;
/** Exponents of scales, which stay normal numbers. */
const MOST = 126;

let table: Float32Array | undefined;

/** What each half stands for, by its bits. */
function valuesOfHalves(): Float32Array {
  table ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => float16Value(bits));
  return table;
}

/**
 * Numbers as halves, each times one power of two, which stands before them: the largest is then near 2^15, so that none
 * becomes infinite, and what is more than 2^29 times as small loses digits. Infinities and NaN stay what they are.
 * @param to has room for `HALVES_OF_SCALE + values.length` halves
 */
export function packHalves(values: ArrayLike<number>, to: Uint16Array): void {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]));
  const exponent = largest > 0 && largest < Number.POSITIVE_INFINITY ? LARGEST - Math.ceil(Math.log2(largest)) : 0;
  const scale = 2 ** Math.max(-MOST, Math.min(exponent, MOST));
  to.set(new Uint16Array(Float32Array.of(scale).buffer));
  for (let i = 0; i < values.length; i++) {
    scaled[0] = values[i] * scale;
    to[HALVES_OF_SCALE + i] = halfOf(bits[0], scaled[0]);
  }
}

/** A float32 and its bits. */
const scaled = /* @__PURE__ */ new Float32Array(1);
const bits = /* @__PURE__ */ new Uint32Array(scaled.buffer);

/** Adds what `packHalves` has packed to numbers. */
export function addHalves(from: Uint16Array, sums: Float64Array): void {
  const values = valuesOfHalves();
  const inverse = 1 / scaleOf(from);
  for (let i = 0; i < sums.length; i++) sums[i] += values[from[HALVES_OF_SCALE + i]] * inverse;
}

/** The numbers that `packHalves` has packed, rounded to halves. */
export function unpackHalves(from: Uint16Array, to: Float32Array | Float64Array): void {
  const values = valuesOfHalves();
  const inverse = 1 / scaleOf(from);
  for (let i = 0; i < to.length; i++) to[i] = values[from[HALVES_OF_SCALE + i]] * inverse;
}

const scaleOf = (halves: Uint16Array): number => new Float32Array(halves.slice(0, HALVES_OF_SCALE).buffer)[0];

/** The nearest half of a float32, ties to even, from its bits. */
function halfOf(word: number, value: number): number {
  const sign = (word >>> 16) & 0x8000;
  const size = word & 0x7fffffff;
  if (size >= 0x47800000) return size > 0x7f800000 ? 0x7e00 : sign | 0x7c00;
  // Below 2^-14 halves are 2^-24 apart; adding 1.5 x 2^52 rounds to whole multiples.
  if (size < 0x38800000) return sign | (Math.abs(value) * 2 ** 24 + ROUNDS - ROUNDS);
  return sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13);
}

/** Float64 has no digits behind the point at this size. */
const ROUNDS = 1.5 * 2 ** 52;
