/** The least number that rounds to infinity: halfway between 65504, the largest finite one, and 2^16; ties go to even. */
const OVERFLOW = 65520;
/** Below it the numbers are 2^-24 apart. */
const LEAST_NORMAL = 2 ** -14;

/** The bits of the nearest IEEE 754 binary16 number, ties to even; from float64 in one rounding. */
export function float16Bits(x: number): number {
  if (Number.isNaN(x)) return 0x7e00;
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const size = Math.abs(x);
  if (size >= OVERFLOW) return sign | 0x7c00;
  if (size < LEAST_NORMAL) return sign | roundToEven(size * 2 ** 24);
  const exponent = 17 - Math.clz32(size * 2 ** 14); // exact, since `clz32` sees an integer below 2^30
  // A fraction that rounds up to 2 carries into the exponent, as it should.
  return sign | (((exponent + 14) << 10) + roundToEven(size * 2 ** (10 - exponent)));
}

/** The number that these bits stand for. */
export function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The nearest number that float16 has. */
export function roundToFloat16(x: number): number {
  return float16Value(float16Bits(x));
}

/** The bits of float16 numbers as a device holds them. An odd count is padded by one, since copies and bindings count words. */
export function toFloat16Array(data: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  const bits = new Uint16Array(data.length + (data.length % 2));
  for (let i = 0; i < data.length; i++) bits[i] = float16Bits(data[i]);
  return bits;
}

/** The numbers that a device holds as these bits, without padding. */
export function fromFloat16Array(bits: Uint16Array, length: number): Float32Array {
  const data = new Float32Array(length);
  for (let i = 0; i < length; i++) data[i] = float16Value(bits[i]);
  return data;
}

function roundToEven(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}
