import * as Plot from '@observablehq/plot';
import { valueAndGrad } from '../../src/autograd/grad.js';
import { broadcastTo } from '../../src/kernels/reduction/sum.js';
import { adam } from '../../src/nn/optim.js';
import { type RealNvpParams, realNvp } from '../../src/rle/flows/realNvp.js';
import { drawErrors } from '../../src/rle/predictive.js';
import { type RleOptions, rle } from '../../src/rle/rle.js';
import { errorMoments } from '../../src/rle/uncertainty.js';
import { packParameters } from '../../src/tensor/arena.js';

import { Rng } from '../../src/tensor/rng.js';
import { scope } from '../../src/tensor/scope.js';
import type { Device, Tensor } from '../../src/tensor/tensor.js';
import { COLOUR, figure, type Panel } from './figure.js';

const STEPS = 600;
const BATCH = 64;
const EVERY = 30;
/** Standard deviation of the labels' Laplace errors. */
const TRUTH = 0.05;

/** One sigma per coordinate for all labels, and the flow. */
type Params = { logit: Tensor; flow: RealNvpParams };

interface State {
  readonly step: number;
  readonly sigma: number;
  /** Standard deviation of an error in units of sigma, under the flow or the Laplace. */
  readonly std: number;
  /** What a label is expected to be off by. */
  readonly product: number;
}

const flow = realNvp({ dims: 2, hidden: 16 });

/** How sigma moves with a flow and without, while a perfect mu meets labels whose errors keep their size. */
export async function gauge(device: Device): Promise<string> {
  const drifting = await learn(
    device,
    (params) => ({ flow, params, variant: 'official' }),
    async ({ flow: params }) => {
      const { std } = errorMoments(await drawErrors(flow, params, { rng: new Rng(2), count: 1024 }));
      return average(await std.data());
    },
  );
  const fixed = await learn(
    device,
    () => ({ q: 'laplace' }),
    async () => Math.SQRT2,
  );
  return figure('Sigma drifts and the flow shrinks, while their product stays at the truth', [
    panel('RLE: sigma drifts', 'std of the flow', drifting),
    panel('Laplace alone: sigma finds its place', 'std of Laplace', fixed),
  ]);
}

/** `options` are those of the loss, `stdOf` measures the density that errors in units of sigma are taken to have. */
async function learn(
  device: Device,
  options: (params: RealNvpParams) => RleOptions<RealNvpParams>,
  stdOf: (params: Params) => Promise<number>,
): Promise<State[]> {
  let params = packParameters<Params>({ logit: device.tensor([-2, -2]), flow: flow.init(new Rng(0), device) });
  let moments = adam.init(params);
  const shape = [BATCH, 1, 2];
  const mu = device.zeros(shape);
  const lossAndGradients = valueAndGrad((p: Params, target: Tensor) =>
    rle({ mu, logit: broadcastTo(p.logit, { shape }) }, { target }, options(p.flow)),
  );
  const data = new Rng(1);
  const states: State[] = [];
  for (let step = 0; step <= STEPS; step++) {
    if (step % EVERY === 0) {
      const [sigma, std] = [1 / (1 + Math.exp(-average(await params.logit.data()))), await stdOf(params)];
      states.push({ step, sigma, std, product: sigma * std });
    }
    [params, moments] = scope(() => {
      const [, gradients] = lossAndGradients(params, device.tensor(drawLabels(data), shape));
      return adam.step(params, gradients, moments, { lr: 5e-3 });
    });
  }
  return states;
}

/** Laplace errors, as differences of exponentials. */
function drawLabels(rng: Rng): Float32Array {
  const exponential = () => -Math.log(1 - rng.uniform());
  return Float32Array.from({ length: 2 * BATCH }, () => (TRUTH / Math.SQRT2) * (exponential() - exponential()));
}

function average([x, y]: ArrayLike<number> & Iterable<number>): number {
  return (x + y) / 2;
}

function panel(title: string, std: string, states: readonly State[]): Panel {
  const line = (y: keyof State, stroke: string) => Plot.line(states, { x: 'step', y, stroke, strokeWidth: 2 });
  return {
    title,
    key: { sigma: COLOUR.orange, [std]: COLOUR.blue, product: COLOUR.green, truth: COLOUR.faint },
    plot: {
      grid: true,
      x: { label: 'step', ticks: 5 },
      y: { type: 'log', domain: [0.02, 2], ticks: [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2], tickFormat: '~g', label: null },
      marks: [
        Plot.ruleY([TRUTH], { stroke: COLOUR.faint, strokeDasharray: '4 4' }),
        line('sigma', COLOUR.orange),
        line('std', COLOUR.blue),
        line('product', COLOUR.green),
      ],
    },
  };
}
