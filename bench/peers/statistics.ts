/** Times of one lane on one row, milliseconds by call. */
export interface Times {
  readonly median: number;
  readonly q1: number;
  readonly q3: number;
  readonly samples: number;
  /** Calls in a sample. */
  readonly repeats: number;
}

/** The p-quantile by linear interpolation between order statistics, as NumPy's default has it. */
export function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = p * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

export function summarise(samples: readonly number[], repeats: number): Times {
  const [q1, median, q3] = [0.25, 0.5, 0.75].map((p) => quantile(samples, p));
  return { median, q1, q3, samples: samples.length, repeats };
}

/** `exp(mean(log x))`: the mean for which it makes no difference which of two libraries is divided by the other. */
export function geometricMean(ratios: readonly number[]): number {
  return Math.exp(ratios.reduce((sum, r) => sum + Math.log(r), 0) / ratios.length);
}

/** `|a - b| / |b|` in the Euclidean norm, over as many leading elements as `b` has; infinite where `a` is not finite. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length < b.length) return Number.POSITIVE_INFINITY;
  let [difference, norm] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    norm += b[i] ** 2;
  }
  const error = norm === 0 ? Math.sqrt(difference) : Math.sqrt(difference / norm);
  return Number.isFinite(error) ? error : Number.POSITIVE_INFINITY;
}
