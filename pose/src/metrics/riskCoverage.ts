/** How the error falls if the least confident predictions are rejected. */
export interface RiskCoverage {
  /** [N]: risk i is the mean error of the i + 1 most confident predictions, coverage (i + 1) / N. */
  readonly risk: Float64Array;
  /** Area under the curve, the mean of the risks, in the errors' unit. */
  readonly aurc: number;
  /** The part of `aurc` that a perfect ranking, by the errors themselves, would avoid. */
  readonly excess: number;
}

/**
 * The risk-coverage curve of a confidence (Geifman and El-Yaniv, NeurIPS 2017; excess as Geifman et al., ICLR 2019).
 * Predictions of equal confidence count as if in random order: each is given the mean error of its group.
 * @param errors [N]
 * @param confidences [N]: higher is surer
 */
export function riskCoverage(errors: ArrayLike<number>, confidences: ArrayLike<number>): RiskCoverage {
  const risk = risks(errors, confidences);
  const ideal = risks(
    errors,
    Float64Array.from(errors, (error) => -error),
  );
  const aurc = mean(risk);
  return { risk, aurc, excess: aurc - mean(ideal) };
}

function risks(errors: ArrayLike<number>, confidences: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: errors.length }, (_, i) => i).sort((a, b) => confidences[b] - confidences[a]);
  const risk = new Float64Array(errors.length);
  let sum = 0;
  for (let start = 0; start < order.length; ) {
    let end = start;
    let group = 0;
    while (end < order.length && confidences[order[end]] === confidences[order[start]]) group += errors[order[end++]];
    for (let i = start; i < end; i++) risk[i] = (sum + ((i + 1 - start) / (end - start)) * group) / (i + 1);
    sum += group;
    start = end;
  }
  return risk;
}

const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
