/**
 * Probability integral transform from samples of a predictive density, `u_n = P(sample < y_n) + P(sample = y_n) / 2`. If
 * the density is the true one, the u are uniform on [0, 1] (Dawid 1984; Gneiting et al. 2007).
 * @param samples [N, M]: M draws for each of N labels. @param target [N], one coordinate each, in the samples' unit
 */
export function pit(samples: ArrayLike<number>, target: ArrayLike<number>): Float64Array {
  const draws = samples.length / target.length;
  return Float64Array.from(target, (y, n) => {
    let below = 0;
    for (let m = 0; m < draws; m++) {
      const sample = samples[n * draws + m];
      below += sample < y ? 1 : sample === y ? 0.5 : 0;
    }
    return below / draws;
  });
}

/**
 * Coverage: the share of labels inside the central interval that should hold them with probability `level`. From the
 * transforms `u` of `pit`, or of the density's own distribution function, it is the share with
 * `|u - 1/2| <= level / 2`. It equals `level` if the density is calibrated; it is less if the density is overconfident.
 */
export function coverage(u: ArrayLike<number>, level: number): number {
  return shareOf(u, (value) => Math.abs(value - 0.5) <= level / 2);
}

/** The share of labels inside their intervals, ends included. @param target [N], like both ends */
export function intervalCoverage(low: ArrayLike<number>, high: ArrayLike<number>, target: ArrayLike<number>): number {
  return shareOf(target, (y, n) => low[n] <= y && y <= high[n]);
}

/**
 * Expected calibration error of regression: the mean of |coverage - level| over levels 0.05, 0.1, ..., 0.95. It is 0 if
 * the density is calibrated, and at most 1/2.
 */
export function calibrationError(u: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 1; i <= 19; i++) sum += Math.abs(coverage(u, i / 20) - i / 20);
  return sum / 19;
}

/**
 * Shares of the transforms in equal bins of [0, 1]: flat if calibrated; low in the middle if the density is too narrow.
 */
export function pitHistogram(u: ArrayLike<number>, bins = 10): Float64Array {
  const shares = new Float64Array(bins);
  for (let n = 0; n < u.length; n++) shares[Math.min(bins - 1, Math.floor(u[n] * bins))] += 1 / u.length;
  return shares;
}

/**
 * Mean width of the predictive intervals, in the labels' unit. Of two calibrated predictors, the one with the smaller
 * width tells more.
 */
export function sharpness(low: ArrayLike<number>, high: ArrayLike<number>): number {
  let sum = 0;
  for (let n = 0; n < low.length; n++) sum += high[n] - low[n];
  return sum / low.length;
}

function shareOf(values: ArrayLike<number>, holds: (value: number, index: number) => boolean): number {
  let held = 0;
  for (let n = 0; n < values.length; n++) if (holds(values[n], n)) held++;
  return held / values.length;
}
