/** The map `(x, y) -> (a x + b y + c, d x + e y + f)`, as the rows of a 2x3 matrix. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** The map that applies `inner` first: `(outer . inner)(p) = outer(inner(p))`. */
export function composeAffine(outer: Affine, inner: Affine): Affine {
  const [a, b, c, d, e, f] = outer;
  const [p, q, r, s, t, u] = inner;
  return [a * p + b * s, a * q + b * t, a * r + b * u + c, d * p + e * s, d * q + e * t, d * r + e * u + f];
}

/** The inverse of the map `m`, whose determinant `a e - b d` must not be 0; that is not checked. */
export function invertAffine(m: Affine): Affine {
  const [a, b, c, d, e, f] = m;
  const det = a * e - b * d;
  return [e / det, -b / det, (b * f - c * e) / det, -d / det, a / det, (c * d - a * f) / det];
}

/** The image of the point (x, y). */
export function applyAffine(m: Affine, x: number, y: number): [number, number] {
  return [m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]];
}
