import type { ResidualDensity } from './runReport.js';

type LogDensity = (points: Float32Array) => ArrayLike<number> | PromiseLike<ArrayLike<number>>;

export interface DensityGridOptions {
  /** What the learned density is held against, by its name and its log density at unit variance; default Laplace's. */
  readonly assumed?: { readonly name: string; readonly logProb: LogDensity };
  /** Cells per side, odd so that one lies on the peak; default 97. */
  readonly size?: number;
  /** Of the grid, in standard deviations; default 3. */
  readonly halfWidth?: number;
}

/** `p(u) = 1/2 exp(-sqrt 2 (|u_x| + |u_y|))`. */
const LAPLACE: Required<DensityGridOptions>['assumed'] = {
  name: 'Laplace',
  logProb: (u) =>
    Float64Array.from({ length: u.length / 2 }, (_, i) => {
      return -Math.SQRT2 * (Math.abs(u[2 * i]) + Math.abs(u[2 * i + 1])) - Math.LN2;
    }),
};

/**
 * Tabulates a learned residual density beside the one that training assumed.
 *
 * The residual's scale is no property of the data, since sigma can absorb it; so both densities are compared in units of
 * their own standard deviations, `u = (residual - mean) / std`.
 * @param logProb log density of residuals [N, 2], natural logarithm
 * @param mean, std of the learned density, per axis
 */
export async function densityGrid(
  logProb: LogDensity,
  mean: readonly [number, number],
  std: readonly [number, number],
  { assumed = LAPLACE, size = 97, halfWidth = 3 }: DensityGridOptions = {},
): Promise<ResidualDensity> {
  const units = new Float32Array(2 * size * size);
  for (let j = 0; j < size; j++) {
    for (let i = 0; i < size; i++) {
      units.set([cellCentre(i, size, halfWidth), cellCentre(j, size, halfWidth)], 2 * (j * size + i));
    }
  }
  const learned = await logProb(units.map((u, i) => mean[i % 2] + std[i % 2] * u));
  return {
    ...{ size, halfWidth, mean, std, assumed: assumed.name },
    learned: Float64Array.from(learned, (log) => Math.exp(log) * std[0] * std[1]),
    initial: Float64Array.from(await assumed.logProb(units), Math.exp),
  };
}

/** The centre of cell `i` of `size` cells over [-halfWidth, halfWidth]. */
export function cellCentre(i: number, size: number, halfWidth: number): number {
  return ((2 * i + 1) / size - 1) * halfWidth;
}
