import type { Shape } from './noise.js';

/**
 * What estimators of location come to for many labels with errors of a density f, in units of its scale.
 *
 * An estimator that solves `sum psi(y_i - mu) = 0` has the variance `E psi^2 / (E psi')^2` per label around its own location.
 * For p coefficients of a linear layer and n labels, the mean square error of mu is p / n of that.
 */
export interface Estimators {
  /** Where each puts mu: mean, median, and where Student's t of 4 degrees of freedom and free scale is most likely. */
  readonly mean: number;
  readonly median: number;
  readonly studentT: number;
  /** Variances per label: of L2, of L1 and Laplace, of that Student-t, and the least of all, 1 / E ((log f)')^2. */
  readonly variances: { readonly l2: number; readonly l1: number; readonly studentT: number; readonly bound: number };
}

/** Errors are looked at from -REACH to REACH; less than a thousandth of any density lies beyond. */
const REACH = 60;
const STEP = 0.004;
const NU = 4;
const ROUNDS = 100;

/** By sums over a grid. */
export function estimatorsOf({ logDensity, mean, variance }: Shape): Estimators {
  const at = Float64Array.from({ length: (2 * REACH) / STEP }, (_, i) => (i + 0.5) * STEP - REACH);
  const log = at.map(logDensity);
  const mass = log.map((l) => STEP * Math.exp(l));
  const expected = (of: (r: number, i: number) => number) =>
    mass.reduce((sum, m, i) => (m > 0 ? sum + m * of(at[i], i) : sum), 0);
  let below = 0;
  const middle = mass.findIndex((m) => {
    below += m;
    return below >= 0.5;
  });
  const l1 = 1 / (4 * Math.exp(2 * log[middle]));
  let [t, scale] = [at[middle], 1];
  for (let round = 0; round < ROUNDS; round++) {
    const weight = (r: number) => (NU + 1) / (NU + ((r - t) / scale) ** 2);
    const next = expected((r) => weight(r) * r) / expected(weight);
    scale = Math.sqrt(expected((r) => weight(r) * (r - t) ** 2));
    t = next;
  }
  const spread = NU * scale ** 2;
  const psi = expected((r) => ((r - t) / (spread + (r - t) ** 2)) ** 2);
  const slope = expected((r) => (spread - (r - t) ** 2) / (spread + (r - t) ** 2) ** 2);
  const score = (i: number) => (log[i + 1] - log[i - 1]) / (2 * STEP);
  const information = expected((_, i) => (Number.isFinite(score(i)) ? score(i) ** 2 : 0));
  return {
    ...{ mean, median: at[middle], studentT: t },
    variances: { l2: variance, l1, studentT: psi / slope ** 2, bound: 1 / information },
  };
}
