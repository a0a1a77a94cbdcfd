/** Joints with at most this score do not count in `bboxKeypoint`. */
const VISIBLE = 0.2;

/** A joint's score from its standard deviations, `mean_d (1 - sigma_d)` (RLE, eq. 9), by joint [K] from sigma [K, D]. */
export function keypointScores(sigma: ArrayLike<number>, dims: number): number[] {
  return Array.from({ length: sigma.length / dims }, (_, k) => {
    let sum = 0;
    for (let d = 0; d < dims; d++) sum += 1 - sigma[k * dims + d];
    return sum / dims;
  });
}

/**
 * The score by which RLE's two public codes rank poses, `box + mean_k s_k + max_k s_k`. Annotated boxes have no score;
 * `box` is then 0.
 */
export function bboxRle(box: number, scores: readonly number[]): number {
  return box + mean(scores) + Math.max(...scores);
}

/** The score by which heatmap methods rank poses, `box * mean of the s_k above 0.2`; 0 if no s_k is above it. */
export function bboxKeypoint(box: number, scores: readonly number[]): number {
  const visible = scores.filter((score) => score > VISIBLE);
  return visible.length > 0 ? box * mean(visible) : 0;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
