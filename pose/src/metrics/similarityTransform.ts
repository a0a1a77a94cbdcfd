/** `y = scale R x + offset`: R is a proper rotation [3, 3], row-major. */
export interface SimilarityTransform {
  readonly scale: number;
  readonly rotation: readonly number[];
  readonly offset: readonly number[];
}

/**
 * The similarity that maps one set of 3-D points to another with the least squared error,
 * `argmin sum_k w_k |scale R x_k + offset - y_k|^2`, in closed form (Horn, "Closed-form solution of absolute
 * orientation using unit quaternions", 1987). R is the unit quaternion of the largest eigenvalue of a symmetric 4x4
 * matrix of the cross-covariances; the scale is that eigenvalue over `sum_k w_k |x_k - mean|^2`. Unlike the solution by
 * SVD, it never gives a reflection. Points that all coincide get scale 0.
 * @param from [K, 3]
 * @param to [K, 3]
 * @param weights [K]
 */
export function fitSimilarity(
  from: ArrayLike<number>,
  to: ArrayLike<number>,
  weights: ArrayLike<number>,
): SimilarityTransform {
  const centreFrom = centre(from, weights);
  const centreTo = centre(to, weights);
  const cross = new Float64Array(9);
  let spread = 0;
  for (let k = 0; k < weights.length; k++) {
    for (let i = 0; i < 3; i++) {
      const x = from[3 * k + i] - centreFrom[i];
      spread += weights[k] * x * x;
      for (let j = 0; j < 3; j++) cross[3 * i + j] += weights[k] * x * (to[3 * k + j] - centreTo[j]);
    }
  }
  const [xx, xy, xz, yx, yy, yz, zx, zy, zz] = cross;
  const { value, vector } = largestEigenpair([
    [xx + yy + zz, yz - zy, zx - xz, xy - yx],
    [yz - zy, xx - yy - zz, xy + yx, zx + xz],
    [zx - xz, xy + yx, yy - xx - zz, yz + zy],
    [xy - yx, zx + xz, yz + zy, zz - xx - yy],
  ]);
  const rotation = rotationOf(vector);
  const scale = spread > 0 ? value / spread : 0;
  const turned = rotate(rotation, centreFrom);
  return { scale, rotation, offset: centreTo.map((c, i) => c - scale * turned[i]) };
}

/** Applies a similarity to points [K, 3]. */
export function applySimilarity(transform: SimilarityTransform, points: ArrayLike<number>): Float64Array {
  const { scale, rotation, offset } = transform;
  const moved = new Float64Array(points.length);
  for (let k = 0; k < points.length; k += 3) {
    const turned = rotate(rotation, [points[k], points[k + 1], points[k + 2]]);
    for (let i = 0; i < 3; i++) moved[k + i] = scale * turned[i] + offset[i];
  }
  return moved;
}

function centre(points: ArrayLike<number>, weights: ArrayLike<number>): number[] {
  const sum = [0, 0, 0];
  let total = 0;
  for (let k = 0; k < weights.length; k++) {
    total += weights[k];
    for (let i = 0; i < 3; i++) sum[i] += weights[k] * points[3 * k + i];
  }
  return sum.map((s) => s / total);
}

const rotate = (rotation: readonly number[], [x, y, z]: readonly number[]): number[] =>
  [0, 3, 6].map((row) => rotation[row] * x + rotation[row + 1] * y + rotation[row + 2] * z);

function rotationOf([w, x, y, z]: readonly number[]): number[] {
  return [
    ...[w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)],
    ...[2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)],
    ...[2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z],
  ];
}

/** Sweeps of Jacobi's method; it converges quadratically, so that ten are more than enough for a 4x4 matrix. */
const SWEEPS = 10;

/** Largest eigenvalue of a symmetric matrix and its unit eigenvector, by Jacobi's rotations. */
function largestEigenpair(symmetric: readonly (readonly number[])[]): { value: number; vector: number[] } {
  const size = symmetric.length;
  const a = symmetric.map((row) => [...row]);
  const vectors = a.map((_, i) => a.map((_, j) => Number(i === j)));
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) annihilate(a, vectors, p, q);
  }
  let best = 0;
  for (let i = 1; i < size; i++) if (a[i][i] > a[best][best]) best = i;
  return { value: a[best][best], vector: vectors.map((row) => row[best]) };
}

/** Rotates coordinates p and q so that `a[p][q]` becomes 0, and rotates the columns of `vectors` with them. */
function annihilate(a: number[][], vectors: number[][], p: number, q: number): void {
  if (a[p][q] === 0) return;
  const theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
  const tangent = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const cosine = 1 / Math.hypot(tangent, 1);
  const sine = tangent * cosine;
  for (const rows of [a, vectors]) {
    for (const row of rows) [row[p], row[q]] = [cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]];
  }
  for (let i = 0; i < a.length; i++) {
    [a[p][i], a[q][i]] = [cosine * a[p][i] - sine * a[q][i], sine * a[p][i] + cosine * a[q][i]];
  }
}
