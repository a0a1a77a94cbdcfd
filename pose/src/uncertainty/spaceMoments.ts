/** Mean and covariance of points in space. */
export interface SpaceMoments {
  readonly mean: readonly [x: number, y: number, z: number];
  readonly covariance: SpaceCovariance;
}

/** The upper triangle of a symmetric 3x3 matrix, row by row. */
export type SpaceCovariance = readonly [xx: number, xy: number, xz: number, yy: number, yz: number, zz: number];

/** Moments of points [n, 3], as `planeMoments` has them in the plane. */
export function spaceMoments(points: ArrayLike<number>): SpaceMoments {
  const n = points.length / 3;
  const mean = [0, 0, 0];
  for (let i = 0; i < points.length; i++) mean[i % 3] += points[i] / n;
  const covariance = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [x, y, z] = mean.map((m, d) => points[3 * i + d] - m);
    [x * x, x * y, x * z, y * y, y * z, z * z].forEach((product, j) => {
      covariance[j] += product / n;
    });
  }
  return { mean: mean as unknown as SpaceMoments['mean'], covariance: covariance as unknown as SpaceCovariance };
}
