/** A figure over the seeds that gave one. */
export interface Spread {
  /** One by seed, in the order of the seeds. */
  readonly values: readonly number[];
  readonly mean: number;
  /** Sample standard deviation, `sqrt(sum (x - mean)^2 / (n - 1))`; null for fewer than two. */
  readonly std: number | null;
}

/** Mean and sample standard deviation of values; the mean of none is NaN. */
export function spreadOf(values: readonly number[]): Spread {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { values, mean, std: n > 1 ? Math.sqrt(squares / (n - 1)) : null };
}

/**
 * The standard deviation that two groups share, `sqrt((sum_a (x - mean_a)^2 + sum_b (x - mean_b)^2) / (n_a + n_b - 2))`;
 * null where neither has two values.
 */
export function pooledStd(a: Spread, b: Spread): number | null {
  if (a.std === null && b.std === null) return null;
  const squares = [a, b].reduce((sum, { values, std }) => sum + (values.length - 1) * (std ?? 0) ** 2, 0);
  return Math.sqrt(squares / (a.values.length + b.values.length - 2));
}
