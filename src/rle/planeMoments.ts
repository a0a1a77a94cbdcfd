/** Mean and covariance of points in the plane. */
export interface PlaneMoments {
  readonly mean: readonly [x: number, y: number];
  readonly covariance: PlaneCovariance;
}

/** The symmetric matrix [[xx, xy], [xy, yy]]. */
export type PlaneCovariance = readonly [xx: number, xy: number, yy: number];

/** Moments of points [n, 2], `m = mean p` and `C = mean (p - m)(p - m)^T`; of draws they are good to about 1 / sqrt(n). */
export function planeMoments(points: ArrayLike<number>): PlaneMoments {
  const n = points.length / 2;
  let [mx, my] = [0, 0];
  for (let i = 0; i < n; i++) {
    mx += points[2 * i] / n;
    my += points[2 * i + 1] / n;
  }
  let [xx, xy, yy] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [x, y] = [points[2 * i] - mx, points[2 * i + 1] - my];
    xx += (x * x) / n;
    xy += (x * y) / n;
    yy += (y * y) / n;
  }
  return { mean: [mx, my], covariance: [xx, xy, yy] };
}

/** How many standard deviations a point is from the mean, `sqrt((p - m)^T C^-1 (p - m))` (Mahalanobis 1936). */
export function mahalanobis(x: number, y: number, { mean, covariance: [xx, xy, yy] }: PlaneMoments): number {
  const [dx, dy] = [x - mean[0], y - mean[1]];
  return Math.sqrt((dx * dx * yy - 2 * dx * dy * xy + dy * dy * xx) / (xx * yy - xy * xy));
}
