/** `c0 + x (c1 + x (c2 + ...))` as WGSL. */
function horner(x: string, coefficients: readonly number[]): string {
  return coefficients.reduceRight((tail, c) => (tail ? `(${c} + ${x} * ${tail})` : `${c}`), '');
}

/** The first `n` terms of a power series. */
function series(n: number, term: (k: number) => number): number[] {
  return Array.from({ length: n }, (_, k) => term(k));
}

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
const alternating = (k: number): number => (k % 2 === 0 ? 1 : -1);

/**
 * `2 atanh(s) = log((1 + s) / (1 - s))` for |s| <= 0.1716, to which `ln` and `log1p` reduce their argument. The first
 * term left out is s^10 / 11 = 2e-9.
 */
const twiceAtanh = `2 * s * ${horner(
  '(s * s)',
  series(5, (k) => 1 / (2 * k + 1)),
)}`;

/**
 * Scalar functions of float32 that WGSL lacks or guarantees too little of: its `exp` errs by 3 + 2|x| ulp, `log` by 2^-21
 * near 1, `sin` and `cos` by 2^-11, `atan2` by 4096 ulp, `tanh` overflows on some drivers, and `max` may swallow a NaN. These keep to a few ulp
 * on every driver and let NaN through. All but the tail of `erf` are truncated Taylor series on reduced ranges.
 */
const FUNCTIONS = {
  // By bits, because a compiler may assume that x == x.
  isNan: /* wgsl */ `
fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }`,

  // Made from x at run time, because a constant NaN does not compile.
  nanLike: /* wgsl */ `
fn nanLike(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) | 0x7fc00000u); }`,

  maximum: /* wgsl */ `
fn maximum(a: f32, b: f32) -> f32 { return select(select(max(a, b), b, isNan(b)), a, isNan(a)); }`,

  minimum: /* wgsl */ `
fn minimum(a: f32, b: f32) -> f32 { return select(select(min(a, b), b, isNan(b)), a, isNan(a)); }`,

  // WGSL leaves open what NaN becomes, and stops at the last float below the bound.
  wholeNumber: /* wgsl */ `
fn wholeNumber(x: f32) -> i32 {
  if (isNan(x)) { return 0; }
  return select(i32(clamp(x, -2147483648.0, 2147483520.0)), 2147483647, x >= 2147483648.0);
}`,

  naturalNumber: /* wgsl */ `
fn naturalNumber(x: f32) -> u32 {
  if (isNan(x)) { return 0u; }
  return select(u32(clamp(x, 0.0, 4294967040.0)), 4294967295u, x >= 4294967296.0);
}`,

  // x = m 2^k with m in [sqrt(1/2), sqrt(2)); then log x = k log 2 + 2 atanh((m - 1) / (m + 1)). Zero (log 0 = -infinity),
  // negative numbers and NaN stand apart; subnormal ones are scaled by 2^23.
  ln: /* wgsl */ `
fn ln(x: f32) -> f32 {
  var bits = bitcast<u32>(x);
  if ((bits << 1u) == 0u) { return bitcast<f32>(bits | 0xff800000u); }
  if (bits > 0x7f800000u) { return nanLike(x); }
  if (bits == 0x7f800000u) { return x; }
  var k = -127;
  if (bits < 0x00800000u) {
    bits = bitcast<u32>(x * 8388608.0);
    k = -150;
  }
  bits += 0x3f800000u - 0x3f3504f3u;
  k += i32(bits >> 23u);
  let m = bitcast<f32>((bits & 0x007fffffu) + 0x3f3504f3u);
  let s = (m - 1.0) / (m + 1.0);
  return f32(k) * ${Math.LN2} + ${twiceAtanh};
}`,

  log1p: /* wgsl */ `
fn log1p(x: f32) -> f32 {
  if (x > -0.2928 && x < 0.4142) {
    let s = x / (2.0 + x);
    return ${twiceAtanh};
  }
  return ln(1.0 + x);
}`,

  // e^x = 2^k e^r with |r| <= log(2) / 2, log 2 in two parts; 2^k in two factors, since 2^128 is no float.
  exponential: /* wgsl */ `
fn exponential(x: f32) -> f32 {
  let k = clamp(round(x * ${Math.LOG2E}), -150.0, 130.0);
  let r = (x - k * 0.693359375) - k * ${Math.LN2 - 0.693359375};
  let y = ${horner(
    'r',
    series(8, (n) => 1 / factorial(n)),
  )};
  let half = i32(k) / 2;
  let scaled = y * bitcast<f32>((half + 127) << 23u) * bitcast<f32>((i32(k) - half + 127) << 23u);
  return select(scaled, 0.0, x < -104.0);
}`,

  expm1: /* wgsl */ `
fn expm1(x: f32) -> f32 {
  if (abs(x) < 0.5) { return x * ${horner(
    'x',
    series(8, (k) => 1 / factorial(k + 1)),
  )}; }
  return exponential(x) - 1.0;
}`,

  // The exponent is never positive, so nothing overflows.
  tangh: /* wgsl */ `
fn tangh(x: f32) -> f32 {
  let e = expm1(-2.0 * abs(x));
  let y = -e / (e + 2.0);
  return select(y, -y, x < 0.0);
}`,

  sigmoid: /* wgsl */ `
fn sigmoid(x: f32) -> f32 {
  let e = exponential(-abs(x));
  return select(e, 1.0, x >= 0.0) / (1.0 + e);
}`,

  softplus: /* wgsl */ `
fn softplus(x: f32) -> f32 { return max(x, 0.0) + log1p(exponential(-abs(x))); }`,

  // Below 1 the Taylor series; above, 1 - P(t) exp(-x^2) with |error| <= 1.5e-7 (Abramowitz and Stegun 7.1.26).
  erf: /* wgsl */ `
fn erf(x: f32) -> f32 {
  let z = x * x;
  if (z < 1.0) { return x * ${horner(
    'z',
    series(10, (k) => (alternating(k) * 2) / Math.sqrt(Math.PI) / factorial(k) / (2 * k + 1)),
  )}; }
  let t = 1.0 / (1.0 + 0.3275911 * abs(x));
  let y = 1.0 - exponential(-z) * t * ${horner('t', [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429])};
  return select(y, -y, x < 0.0);
}`,

  // sin(x + quarters pi / 2) for 0 or 1 quarters. pi / 2 in three parts is exact enough up to |x| = 1e4; beyond that
  // floats are too coarse for angles, and the driver's function is taken.
  sinAhead: /* wgsl */ `
fn sinAhead(x: f32, quarters: i32) -> f32 {
  if (abs(x) > 1e4) { return select(sin(x), cos(x), quarters == 1); }
  let k = round(x * ${2 / Math.PI});
  let r = ((x - k * 1.5703125) - k * 4.837512969970703e-4) - k * 7.54978995489188e-8;
  let z = r * r;
  let sine = r * ${horner(
    'z',
    series(5, (n) => alternating(n) / factorial(2 * n + 1)),
  )};
  let cosine = ${horner(
    'z',
    series(6, (n) => alternating(n) / factorial(2 * n)),
  )};
  let quadrant = i32(k) + quarters;
  let y = select(sine, cosine, (quadrant & 1) == 1);
  return select(y, -y, (quadrant & 2) == 2);
}`,

  // Angle of (x, y): the octant by symmetry and atan t = pi/4 + atan((t - 1) / (t + 1)), then the series for |t| <= 0.4143.
  // Two infinities lie on the diagonal too.
  arctangent: /* wgsl */ `
fn arctangent(y: f32, x: f32) -> f32 {
  let steep = abs(y) > abs(x);
  let low = select(abs(y), abs(x), steep);
  let high = select(abs(x), abs(y), steep);
  let diagonal = low > 0.4142 * high || (low == high && high > 0.0);
  let rise = select(low - high, 0.0, low == high);
  let t = select(low, rise, diagonal) / select(select(high, 1.0, high == 0.0), low + high, diagonal);
  let z = t * t;
  var angle = select(0.0, ${Math.PI / 4}, diagonal) + t * ${horner(
    'z',
    series(9, (k) => alternating(k) / (2 * k + 1)),
  )};
  angle = select(angle, ${Math.PI / 2} - angle, steep);
  angle = select(angle, ${Math.PI} - angle, (bitcast<u32>(x) >> 31u) == 1u);
  return select(angle, -angle, (bitcast<u32>(y) >> 31u) == 1u);
}`,

  // The first 12 bits of a number. The product of two such heads is exact, and so is the difference of a number and its
  // head.
  head: /* wgsl */ `
fn head(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u); }`,

  // 2^(b log2 a) for finite a > 0, given by its bits, and finite b, with both steps in two floats each, a head and the rest:
  // log a = 2 s (1 + s^2 / 3 + s^4 / 5 + ...), s = (m - 1) / (m + 1), as in ln but to 2^-35 (after Sun's e_pow.c). A subnormal base
  // is shifted first.
  positivePower: /* wgsl */ `
fn positivePower(base: u32, b: f32) -> f32 {
  let shift = max(countLeadingZeros(base), 8u) - 8u;
  let bits = (base << shift) + 0x3f800000u - 0x3f3504f3u;
  let k = f32(i32(bits >> 23u) - 127 - i32(shift));
  let m = bitcast<f32>((bits & 0x007fffffu) + 0x3f3504f3u);
  let s = (m - 1.0) / (m + 1.0);
  let s1 = head(s);
  let n1 = head(m + 1.0);
  let s2 = (((m - 1.0) - s1 * n1) - s1 * (m - (n1 - 1.0))) / (m + 1.0);
  let z = s * s;
  let tail = z * z * ${horner(
    'z',
    series(5, (n) => 3 / (2 * n + 5)),
  )} + s2 * (s1 + s);
  let c1 = head(3.0 + s1 * s1 + tail);
  let c2 = tail - ((c1 - 3.0) - s1 * s1);
  let l = s2 * c1 + c2 * s;
  let l1 = head(s1 * c1 + l);
  let l2 = (l - (l1 - s1 * c1)) * ${2 / 3 / Math.LN2} + l1 * ${2 / 3 / Math.LN2 - 0.9619140625};
  let log1 = head(k + (l1 * 0.9619140625 + l2));
  let log2 = l2 - ((log1 - k) - l1 * 0.9619140625);

  let b1 = head(b);
  let e1 = b1 * log1;
  let e2 = (b - b1) * log1 + b * log2;
  let e = e1 + e2;
  if (e > 129.0) { return bitcast<f32>(0x7f800000u | (base & 0u)); }
  if (e < -151.0) { return 0.0; }
  let whole = round(e);
  let f1 = head((e1 - whole) + e2);
  let f2 = (e2 - (f1 - (e1 - whole))) * ${Math.LN2} + f1 * ${Math.LN2 - 0.693115234375};
  let r = f1 * 0.693115234375 + f2;
  let r2 = f2 - (r - f1 * 0.693115234375);
  let y1 = head(1.0 + r);
  let y2 = (r - (y1 - 1.0)) + (r2 + r * (r2 + r * ${horner(
    'r',
    series(8, (n) => 1 / factorial(n + 2)),
  )}));
  let half = i32(whole) / 2;
  return (y1 + y2) * bitcast<f32>((half + 127) << 23u) * bitcast<f32>((i32(whole) - half + 127) << 23u);
}`,

  // C99's special values, told by bits, since drivers may take subnormals for 0 and may assume that x == x. Negative bases have
  // real powers for whole exponents only, and odd ones keep the sign: `places` of the 24 digits of b stand behind its binary point.
  power: /* wgsl */ `
fn power(a: f32, b: f32) -> f32 {
  let base = bitcast<u32>(a) & 0x7fffffffu;
  let exponent = bitcast<u32>(b) & 0x7fffffffu;
  if (exponent == 0u || bitcast<u32>(a) == 0x3f800000u) { return 1.0; }
  if (isNan(a)) { return a; }
  if (isNan(b)) { return b; }
  let places = clamp(150 - i32(exponent >> 23u), 0, 31);
  let digits = (exponent & 0x007fffffu) | 0x00800000u;
  let isWhole = countTrailingZeros(digits) >= u32(places);
  let isOdd = isWhole && exponent < 0x4b800000u && ((digits >> u32(places)) & 1u) == 1u;
  let sign = select(0u, bitcast<u32>(a) & 0x80000000u, isOdd);
  let shrinks = (bitcast<u32>(b) >> 31u) == 1u;
  let infinity = sign | 0x7f800000u;
  if (base == 0u) { return bitcast<f32>(select(sign, infinity, shrinks)); }
  if (base == 0x7f800000u) { return bitcast<f32>(select(infinity, sign, shrinks)); }
  if (exponent == 0x7f800000u) {
    if (base == 0x3f800000u) { return 1.0; }
    return bitcast<f32>(select(sign, infinity, (base > 0x3f800000u) != shrinks));
  }
  if (!isWhole && base != bitcast<u32>(a)) { return nanLike(a); }
  return bitcast<f32>(sign | bitcast<u32>(positivePower(base, b)));
}`,
} as const;

/** A function that `withMath` knows. */
export type MathFunction = keyof typeof FUNCTIONS;

/** `code` behind the definitions of those functions above that it calls, directly or not. */
export function withMath(code: string): string {
  const used = new Set<MathFunction>();
  const visit = (text: string): void => {
    for (const name of Object.keys(FUNCTIONS) as MathFunction[]) {
      if (used.has(name) || !new RegExp(`\\b${name}\\(`).test(text)) continue;
      used.add(name);
      visit(FUNCTIONS[name]);
    }
  };
  visit(code);
  return [...[...used].map((name) => FUNCTIONS[name]), code].join('\n');
}
