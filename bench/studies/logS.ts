import { valueAndGrad } from '../../src/autograd/grad.js';
import { add, neg } from '../../src/kernels/elementwise/arithmetic.js';
import { mean } from '../../src/kernels/reduction/mean.js';
import { adam } from '../../src/nn/optim.js';
import { type RealNvpParams, realNvp } from '../../src/rle/flows/realNvp.js';
import { type LogSNodes, logS, logSNodes } from '../../src/rle/logS.js';
import { packParameters } from '../../src/tensor/arena.js';

import { Rng } from '../../src/tensor/rng.js';
import { scope } from '../../src/tensor/scope.js';
import type { Device, Tensor } from '../../src/tensor/tensor.js';
import { drawMixture, type Fixture, logMixture, type Mixture } from './mixture.js';

/** How log s is estimated in a run; `fixedGrid` shows what a flow does to nodes that stay where they are. */
export const METHODS = ['none', 'importance', 'jitteredGrid', 'fixedGrid'] as const;
export type Method = (typeof METHODS)[number];

/** What a trained flow amounts to, in nats, and its densities on the picture's grid. */
export interface StudyRow {
  readonly method: Method;
  readonly steps: number;
  readonly klG: number;
  readonly klSQG: number;
  readonly seconds: number;
  readonly g: readonly number[];
  readonly sqg: readonly number[];
}

/** Points of a square grid, x fastest, with P and Q = Laplace there. */
export interface Densities {
  readonly points: number;
  /** Area of a cell. */
  readonly area: number;
  /** [points^2, 2]. */
  readonly at: Float32Array;
  readonly logP: Float64Array;
  readonly logQ: Float64Array;
}

/** What the picture shows: [-3, 3] in both coordinates. */
export const PICTURE = { from: -3, to: 3, points: 97 } as const;

const flow = realNvp({ dims: 2 });

export function densitiesOn(
  { from, to, points }: { readonly from: number; readonly to: number; readonly points: number },
  P: Mixture,
): Densities {
  const step = (to - from) / (points - 1);
  const at = Float32Array.from({ length: 2 * points ** 2 }, (_, i) => {
    const cell = Math.floor(i / 2);
    return from + step * (i % 2 === 0 ? cell % points : Math.floor(cell / points));
  });
  const over = (f: (x: number, y: number) => number) =>
    Float64Array.from({ length: points ** 2 }, (_, i) => f(at[2 * i], at[2 * i + 1]));
  const logP = over((x, y) => logMixture(P, x, y));
  const logQ = over((x, y) => -Math.abs(x) - Math.abs(y) - 2 * Math.LN2);
  return { points, area: step ** 2, at, logP, logQ };
}

/** The grid on which densities are compared. */
export function evaluationGrid({ P, evaluation_grid: { from, to, points_per_axis: points } }: Fixture): Densities {
  return densitiesOn({ from, to, points }, P);
}

/**
 * Fits a RealNVP to draws from P by maximum likelihood of s Q G, or of G alone with `none`, after the fixture's recipe,
 * and measures how far G and s Q G are from P.
 */
export async function studyLogS(
  method: Method,
  fixture: Fixture,
  device: Device,
  steps: number,
  progress: (step: number) => void,
): Promise<StudyRow> {
  const { P, training } = fixture;
  const start = performance.now();
  const data = new Rng(1);
  const rng = new Rng(2);
  let params = packParameters(flow.init(new Rng(3), device));
  let state = adam.init(params);
  const fixed = method === 'fixedGrid' ? logSNodes('jitteredGrid', flow, device, { rng }) : undefined;
  const nodesOf = (): LogSNodes | undefined =>
    method === 'none' || method === 'fixedGrid' ? fixed : logSNodes(method, flow, device, { rng });
  // Q is a constant of the parameters.
  const step = valueAndGrad((p: RealNvpParams, x: Tensor, nodes: LogSNodes | undefined) => {
    const logG = mean(flow.logProb(p, x));
    return neg(nodes ? add(logG, logS(flow, p, nodes)) : logG);
  });
  for (let i = 0; i < steps; i++) {
    scope(() => {
      const x = device.tensor(drawMixture(P, data, training.batch), [training.batch, 2]);
      const [, gradient] = step(params, x, nodesOf());
      const lr = i < 0.75 * steps ? training.lr : training.lr_after_75_percent;
      [params, state] = adam.step(params, gradient, state, { lr });
      return [params, state];
    });
    if ((i + 1) % 100 === 0) {
      await state.status.data();
      progress(i + 1);
    }
  }
  return { method, steps, ...(await compare(params, fixture, device)), seconds: (performance.now() - start) / 1000 };
}

async function compare(params: RealNvpParams, fixture: Fixture, device: Device) {
  const grid = evaluationGrid(fixture);
  const logGOn = ({ at }: Densities) => scope(() => flow.logProb(params, device.tensor(at, [at.length / 2, 2]))).data();
  const logG = await logGOn(grid);
  const logQG = grid.logQ.map((l, i) => l + logG[i]);
  const logIntegral = Math.log(logQG.reduce((sum, l) => sum + grid.area * Math.exp(l), 0));
  const picture = densitiesOn(PICTURE, fixture.P);
  const drawn = await logGOn(picture);
  const density = (log: (i: number) => number) =>
    Array.from(picture.logQ, (_, i) => Number(Math.exp(log(i)).toPrecision(4)));
  return {
    klG: divergence(grid, logG),
    klSQG: divergence(
      grid,
      logQG.map((l) => l - logIntegral),
    ),
    g: density((i) => drawn[i]),
    sqg: density((i) => drawn[i] + picture.logQ[i] - logIntegral),
  };
}

/** `KL(P || R)` by a sum over the cells. */
export function divergence({ logP, area }: Densities, logR: ArrayLike<number>): number {
  return logP.reduce((sum, l, i) => sum + area * Math.exp(l) * (l - logR[i]), 0);
}
