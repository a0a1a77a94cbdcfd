import * as Plot from '@observablehq/plot';
import { valueAndGrad } from '../../src/autograd/grad.js';
import { add, neg } from '../../src/kernels/elementwise/arithmetic.js';
import { mean } from '../../src/kernels/reduction/mean.js';
import { adam } from '../../src/nn/optim.js';
import { type CouplingFlowParams, couplingFlow } from '../../src/rle/flows/couplingFlow.js';
import { rationalQuadratic } from '../../src/rle/flows/rationalQuadratic.js';
import { type LogSNodes, logS, logSNodes } from '../../src/rle/logS.js';
import { packParameters } from '../../src/tensor/arena.js';

import { Rng } from '../../src/tensor/rng.js';
import { scope } from '../../src/tensor/scope.js';
import type { Device, Tensor } from '../../src/tensor/tensor.js';
import { COLOUR, figure, type Panel } from './figure.js';

const STEPS = 400;
const BATCH = 128;
/** What is drawn and integrated over. */
const REACH = 5;
const POINTS = 201;

/** The errors' density P, by peak: most labels are about right, some are off to one side. */
const PEAKS = [
  { weight: 0.7, mean: 0, std: 0.6 },
  { weight: 0.3, mean: 1.8, std: 0.4 },
] as const;

/** One coordinate has nothing to be conditioned on: a single spline. */
const flow = couplingFlow({ dims: 1, couplings: 1, hidden: 1, transform: rationalQuadratic({ bins: 12 }) });

/** What a flow learns of the same errors without log s, and with it. */
export async function residual(device: Device): Promise<string> {
  return figure('Without log s the flow is the whole density; with it, what Q lacks', [
    panel('Without log s', await learn(device, false)),
    panel('With log s', await learn(device, true)),
  ]);
}

interface Point {
  readonly x: number;
  readonly p: number;
  readonly q: number;
  readonly g: number;
  /** s Q G. */
  readonly sqg: number;
}

/** Maximum likelihood of G, or of s Q G; Q itself is a constant of the parameters. */
async function learn(device: Device, withLogS: boolean): Promise<Point[]> {
  let params = packParameters(flow.init(new Rng(0), device));
  let moments = adam.init(params);
  const data = new Rng(1);
  const rng = new Rng(2);
  const nodesOf = () => (withLogS ? logSNodes('jitteredGrid', flow, device, { rng }) : undefined);
  const lossAndGradients = valueAndGrad((p: CouplingFlowParams<'nets'>, x: Tensor, nodes: LogSNodes | undefined) => {
    const logG = mean(flow.logProb(p, x));
    return neg(nodes ? add(logG, logS(flow, p, nodes)) : logG);
  });
  for (let i = 0; i < STEPS; i++) {
    [params, moments] = scope(() => {
      const [, gradients] = lossAndGradients(params, device.tensor(drawErrors(data), [BATCH, 1]), nodesOf());
      return adam.step(params, gradients, moments, { lr: i < 0.7 * STEPS ? 5e-2 : 5e-3 });
    });
  }
  return tabulate(params, device);
}

function drawErrors(rng: Rng): Float32Array {
  return Float32Array.from({ length: BATCH }, () => {
    const { mean, std } = rng.uniform() < PEAKS[0].weight ? PEAKS[0] : PEAKS[1];
    return mean + std * rng.normal();
  });
}

async function tabulate(params: CouplingFlowParams<'nets'>, device: Device): Promise<Point[]> {
  const step = (2 * REACH) / (POINTS - 1);
  const xs = Float64Array.from({ length: POINTS }, (_, i) => i * step - REACH);
  const logG = await scope(() => flow.logProb(params, device.tensor(xs, [POINTS, 1]))).data();
  const qs = xs.map((x) => 0.5 * Math.exp(-Math.abs(x)));
  const s = 1 / qs.reduce((sum, q, i) => sum + q * Math.exp(logG[i]) * step, 0);
  return Array.from(xs, (x, i) => {
    const g = Math.exp(logG[i]);
    return { x, p: densityAt(x), q: qs[i], g, sqg: s * qs[i] * g };
  });
}

function densityAt(x: number): number {
  const peak = ({ weight, mean, std }: (typeof PEAKS)[number]) =>
    (weight * Math.exp(-0.5 * ((x - mean) / std) ** 2)) / (std * Math.sqrt(2 * Math.PI));
  return PEAKS.reduce((sum, each) => sum + peak(each), 0);
}

function panel(title: string, points: readonly Point[]): Panel {
  const line = (y: keyof Point, stroke: string, strokeDasharray?: string) =>
    Plot.line(points, { x: 'x', y, stroke, strokeWidth: 2, strokeDasharray, clip: true });
  return {
    title,
    key: { 'P, of the errors': COLOUR.faint, 'Q, Laplace': COLOUR.green, G: COLOUR.blue, 's Q G': COLOUR.orange },
    plot: {
      grid: true,
      x: { label: 'error e', domain: [-4, 4], ticks: 5 },
      y: { label: 'density', domain: [0, 0.8] },
      marks: [
        Plot.areaY(points, { x: 'x', y: 'p', fill: COLOUR.rule, clip: true }),
        line('q', COLOUR.green),
        line('g', COLOUR.blue),
        line('sqg', COLOUR.orange, '5 4'),
      ],
    },
  };
}
