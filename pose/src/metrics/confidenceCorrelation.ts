import { pearson, spearman } from './correlation.js';

/** Pearson's correlation, and Spearman's, which depends only on the order. */
export interface Correlation {
  readonly pearson: number;
  readonly spearman: number;
}

/** How well confidence separates good predictions from bad ones: 1 is perfect, 0 says nothing. */
export interface ConfidenceCorrelation {
  /**
   * Over labelled joints: the correlation of `1 - confidence` with the error. Where confidence comes from sigma, that
   * is mean sigma with the error.
   */
  readonly joints: Correlation;
  /** Over people: the correlation of the mean confidence of all joints with OKS (Li et al., ICCV 2021, table 4). */
  readonly people: Correlation;
}

/**
 * Correlates confidence with accuracy, of joints and of people.
 * @param confidence [N, K]: `1 - mean sigma`, or the height of a heatmap's peak
 * @param distances [N, K]: from prediction to label; NaN where there is no label
 * @param oks [N]
 */
export function confidenceCorrelation(
  confidence: ArrayLike<number>,
  distances: ArrayLike<number>,
  oks: ArrayLike<number>,
): ConfidenceCorrelation {
  const labelled = Array.from({ length: distances.length }, (_, i) => i).filter((i) => !Number.isNaN(distances[i]));
  const joints = confidence.length / oks.length;
  const ofPerson = (n: number) => {
    let sum = 0;
    for (let k = 0; k < joints; k++) sum += confidence[n * joints + k];
    return sum / joints;
  };
  return {
    joints: correlate(
      labelled.map((i) => 1 - confidence[i]),
      labelled.map((i) => distances[i]),
    ),
    people: correlate(
      Array.from(oks, (_, n) => ofPerson(n)),
      oks,
    ),
  };
}

const correlate = (x: ArrayLike<number>, y: ArrayLike<number>): Correlation => ({
  pearson: pearson(x, y),
  spearman: spearman(x, y),
});
