import type { Rng } from 'wgrad';

/**
 * A density that is constant on each of many equal cells. Whatever a visitor draws becomes one, so that its draws and its
 * entropy are exact: no model can reach a higher mean log-likelihood than minus the entropy.
 */
export interface Cells {
  /** Probability of each cell; they sum to 1. */
  readonly probabilities: Float64Array;
  /** Probability of the cells up to and including each. */
  readonly cumulative: Float64Array;
  /** Area, or length, of a cell. */
  readonly size: number;
}

/** The density in proportion to weights; all alike where every weight is 0. */
export function cellsOf(weights: ArrayLike<number>, size: number): Cells {
  const total = Array.from(weights).reduce((sum, w) => sum + w, 0);
  const probabilities = Float64Array.from(weights, (w) => (total > 0 ? w / total : 1 / weights.length));
  let sum = 0;
  const cumulative = probabilities.map((p) => {
    sum += p;
    return sum;
  });
  return { probabilities, cumulative, size };
}

/** The cell of a draw. */
export function drawCell({ cumulative }: Cells, rng: Rng): number {
  const u = rng.uniform() * cumulative[cumulative.length - 1];
  let [low, high] = [0, cumulative.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulative[middle] > u) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** `-sum p log(p / size)`, in nats. */
export function entropyOf({ probabilities, size }: Cells): number {
  return probabilities.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p / size) : sum), 0);
}
