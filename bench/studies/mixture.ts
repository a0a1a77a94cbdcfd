import { readFileSync } from 'node:fs';
import type { Rng } from '../../src/tensor/rng.js';

/** A density over R^2 that is known: normals, each with the Cholesky factor of its covariance. */
export interface Mixture {
  readonly weights: readonly number[];
  readonly means: readonly (readonly number[])[];
  readonly cholesky: readonly (readonly (readonly number[])[])[];
}

/** The residual density of the study, and how its table was measured. */
export interface Fixture {
  readonly P: Mixture;
  readonly training: {
    readonly lr: number;
    readonly lr_after_75_percent: number;
    readonly steps: number;
    readonly batch: number;
  };
  readonly evaluation_grid: { readonly from: number; readonly to: number; readonly points_per_axis: number };
  readonly pytorch_results: { readonly KL_P_Q: number } & {
    readonly [row: string]: { readonly KL_P_G: number; readonly KL_P_sQG: number };
  };
}

export function readFixture(): Fixture {
  return JSON.parse(readFileSync(new URL('../../test/golden/log_s_mixture.json', import.meta.url), 'utf8')) as Fixture;
}

/** `n` draws, [n, 2]. */
export function drawMixture({ weights, means, cholesky }: Mixture, rng: Rng, n: number): Float32Array {
  const points = new Float32Array(2 * n);
  for (let i = 0; i < n; i++) {
    const at = rng.uniform();
    let sum = 0;
    const k = weights.findIndex((weight) => {
      sum += weight;
      return at < sum;
    });
    const [[a], [b, c]] = cholesky[k];
    const [u, v] = [rng.normal(), rng.normal()];
    points[2 * i] = means[k][0] + a * u;
    points[2 * i + 1] = means[k][1] + b * u + c * v;
  }
  return points;
}

/** `log P(x, y)`. */
export function logMixture({ weights, means, cholesky }: Mixture, x: number, y: number): number {
  const terms = weights.map((weight, k) => {
    const [[a], [b, c]] = cholesky[k];
    const u = (x - means[k][0]) / a;
    const v = (y - means[k][1] - b * u) / c;
    return Math.log(weight) - 0.5 * (u * u + v * v) - Math.log(2 * Math.PI * a * c);
  });
  const most = Math.max(...terms);
  return most + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - most), 0));
}
