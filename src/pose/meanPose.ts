/** Weighted mean [K, 2] of labels [N, K, 2]: the prediction that looks at no pixel. */
export function meanPose(labels: ArrayLike<number>, weights: ArrayLike<number>, joints: number): Float64Array {
  const sum = new Float64Array(2 * joints);
  const total = new Float64Array(joints);
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] <= 0) continue;
    const k = i % joints;
    sum[2 * k] += weights[i] * labels[2 * i];
    sum[2 * k + 1] += weights[i] * labels[2 * i + 1];
    total[k] += weights[i];
  }
  return sum.map((s, i) => (total[i >> 1] > 0 ? s / total[i >> 1] : 0));
}
