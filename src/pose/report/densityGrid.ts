import type { ResidualDensity } from './runReport.js';

/**
 * Tabulates a learned residual density beside the Laplace, `p(u) = 1/2 exp(-sqrt 2 (|u_x| + |u_y|))` at unit variance.
 *
 * The residual's scale is no property of the data, since sigma can absorb it; so both densities are compared in units of
 * their own standard deviations, `u = (residual - mean) / std`.
 * @param logProb log density of residuals [N, 2], natural logarithm
 * @param mean, std of the learned density, per axis
 * @param size cells per side, odd so that one lies on the peak. @param halfWidth of the grid in standard deviations
 */
export async function densityGrid(
  logProb: (residuals: Float32Array) => ArrayLike<number> | PromiseLike<ArrayLike<number>>,
  mean: readonly [number, number],
  std: readonly [number, number],
  size = 97,
  halfWidth = 3,
): Promise<ResidualDensity> {
  const residuals = new Float32Array(2 * size * size);
  const initial = new Float64Array(size * size);
  for (let j = 0; j < size; j++) {
    for (let i = 0; i < size; i++) {
      const x = cellCentre(i, size, halfWidth);
      const y = cellCentre(j, size, halfWidth);
      residuals.set([mean[0] + std[0] * x, mean[1] + std[1] * y], 2 * (j * size + i));
      initial[j * size + i] = 0.5 * Math.exp(-Math.SQRT2 * (Math.abs(x) + Math.abs(y)));
    }
  }
  const learned = Float64Array.from(await logProb(residuals), (log) => Math.exp(log) * std[0] * std[1]);
  return { size, halfWidth, learned, initial, mean, std };
}

/** The centre of cell `i` of `size` cells over [-halfWidth, halfWidth]. */
export function cellCentre(i: number, size: number, halfWidth: number): number {
  return ((2 * i + 1) / size - 1) * halfWidth;
}
