import * as Plot from '@observablehq/plot';
import { type StandardDensity, standardNegLog } from '../../src/rle/density.js';
import { rle } from '../../src/rle/rle.js';
import { scope } from '../../src/tensor/scope.js';
import type { Device } from '../../src/tensor/tensor.js';
import { COLOUR, figure } from './figure.js';

const DENSITIES: readonly { readonly density: StandardDensity; readonly stroke: string }[] = [
  { density: 'gaussian', stroke: COLOUR.blue },
  { density: 'laplace', stroke: COLOUR.orange },
  { density: { studentT: 3 }, stroke: COLOUR.green },
];

/** The error whose cost is drawn over sigma. */
const ERROR = 0.1;

interface Point {
  readonly x: number;
  readonly y: number;
}

/** What an error costs under three densities, and what sigma costs for one error. */
export async function likelihoods(device: Device): Promise<string> {
  const errors = Array.from({ length: 121 }, (_, i) => (i - 60) / 10);
  const costs = await Promise.all(DENSITIES.map(({ density }) => costOf(device, density, errors)));
  const sigmas = Array.from({ length: 81 }, (_, i) => 0.02 * 40 ** (i / 80));
  const [normal, laplace] = await Promise.all(
    (['gaussian', 'laplace'] as const).map((q) => overSigma(device, q, sigmas)),
  );
  return figure('The cost of an error, and of a scale, under simple densities', [
    {
      title: 'What an error costs',
      key: { normal: COLOUR.blue, Laplace: COLOUR.orange, 'Student-t, 3': COLOUR.green },
      plot: {
        grid: true,
        x: { label: 'error e, in units of sigma' },
        y: { label: '-log q(e), in nats', domain: [0, 9] },
        marks: costs.map((cost, i) => line(cost, DENSITIES[i].stroke)),
      },
    },
    {
      title: `What sigma costs, if the error is ${ERROR}`,
      key: { normal: COLOUR.blue, Laplace: COLOUR.orange },
      plot: {
        grid: true,
        x: { label: 'sigma', type: 'log', tickFormat: '~g', ticks: [0.02, 0.05, 0.1, 0.2, 0.5] },
        y: { label: 'loss, in nats', domain: [-2, 4] },
        marks: [
          Plot.ruleX([ERROR], { stroke: COLOUR.faint, strokeDasharray: '4 4' }),
          line(normal, COLOUR.blue),
          line(laplace, COLOUR.orange),
        ],
      },
    },
  ]);
}

async function costOf(device: Device, density: StandardDensity, errors: readonly number[]): Promise<Point[]> {
  const costs = await scope(() => standardNegLog(density, device.tensor(errors))).data();
  return errors.map((x, i) => ({ x, y: costs[i] }));
}

function overSigma(device: Device, q: StandardDensity, sigmas: readonly number[]): Promise<Point[]> {
  const one = (value: number) => device.tensor([value], [1, 1, 1]);
  const at = async (sigma: number) => {
    const prediction = { mu: one(ERROR), logit: one(Math.log(sigma / (1 - sigma))) };
    return { x: sigma, y: await scope(() => rle(prediction, { target: one(0) }, { q })).item() };
  };
  return Promise.all(sigmas.map(at));
}

function line(points: readonly Point[], stroke: string): Plot.Line {
  return Plot.line(points, { x: 'x', y: 'y', stroke, strokeWidth: 2, clip: true });
}
