/** Weighted mean [K, D] of labels [N, K, D]: the prediction of one who sees no image. @param weights [N, K] */
export function meanPose(
  labels: ArrayLike<number>,
  weights: ArrayLike<number>,
  joints: number,
  dims = 2,
): Float64Array {
  const sum = new Float64Array(dims * joints);
  const total = new Float64Array(joints);
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] <= 0) continue;
    const k = i % joints;
    for (let d = 0; d < dims; d++) sum[dims * k + d] += weights[i] * labels[dims * i + d];
    total[k] += weights[i];
  }
  return sum.map((s, i) => {
    const weight = total[Math.floor(i / dims)];
    return weight > 0 ? s / weight : 0;
  });
}
