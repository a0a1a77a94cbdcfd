import * as Plot from '@observablehq/plot';
import { valueAndGrad } from '../../src/autograd/grad.js';
import { neg } from '../../src/kernels/elementwise/arithmetic.js';
import { mean } from '../../src/kernels/reduction/mean.js';
import { adam } from '../../src/nn/optim.js';
import { type RealNvpParams, realNvp } from '../../src/rle/flows/realNvp.js';
import { packParameters } from '../../src/tensor/arena.js';

import { Rng } from '../../src/tensor/rng.js';
import { scope } from '../../src/tensor/scope.js';
import type { Device, Tensor } from '../../src/tensor/tensor.js';
import { COLOUR, figure, type Panel } from './figure.js';

const flow = realNvp({ dims: 2, hidden: 24 });

const STEPS = 400;
const BATCH = 128;
/** What is drawn: [-EXTENT, EXTENT] in both coordinates. */
const EXTENT = 3;
const CELLS = 64;
const DRAWS = 600;
/** Shares of the highest density at which the colour changes. */
const LEVELS = Array.from({ length: 16 }, (_, i) => (i + 0.5) / 16);

/** Draws from the base, where the learned flow takes them, and the density that they have there. */
export async function moons(device: Device): Promise<string> {
  const rng = new Rng(0);
  const params = learn(device, rng.split(0), rng.split(1));
  const z = device.tensor(
    Float32Array.from({ length: 2 * DRAWS }, () => rng.normal()),
    [DRAWS, 2],
  );
  const [x, density, from] = await Promise.all([
    scope(() => flow.forward(params, z)[0]).data(),
    scope(() => flow.logProb(params, device.tensor(cellCentres(), [CELLS ** 2, 2]))).data(),
    z.data(),
  ]);
  // A colour by the angle of z follows each draw through the map.
  const angle = Array.from({ length: DRAWS }, (_, i) => Math.atan2(from[2 * i + 1], from[2 * i]));
  return figure('A flow moves normal draws onto two moons', [
    scatter('z, drawn from the base', from, angle),
    scatter('x = f(z), the same draws moved', x, angle),
    heatMap('p(x), the density they have there', Float64Array.from(density, Math.exp)),
  ]);
}

function learn(device: Device, init: Rng, data: Rng): RealNvpParams {
  let params = packParameters(flow.init(init, device));
  let moments = adam.init(params);
  const step = valueAndGrad((p: RealNvpParams, points: Tensor) => neg(mean(flow.logProb(p, points))));
  for (let i = 0; i < STEPS; i++) {
    [params, moments] = scope(() => {
      const [, gradients] = step(params, device.tensor(drawMoons(data), [BATCH, 2]));
      return adam.step(params, gradients, moments, { lr: i < 0.7 * STEPS ? 8e-3 : 2e-3 });
    });
  }
  return params;
}

/** Two interleaved half circles with normal noise, scaled to about unit variance. */
function drawMoons(rng: Rng): Float32Array {
  const points = new Float32Array(2 * BATCH);
  for (let i = 0; i < BATCH; i++) {
    const angle = Math.PI * rng.uniform();
    const side = i % 2 === 0 ? 1 : -1;
    points[2 * i] = 1.2 * (side * (Math.cos(angle) - 0.5) + 0.1 * rng.normal());
    points[2 * i + 1] = 1.2 * (side * (Math.sin(angle) - 0.25) + 0.1 * rng.normal());
  }
  return points;
}

function cellCentres(): Float32Array {
  const centre = (i: number) => ((2 * i + 1) / CELLS - 1) * EXTENT;
  return Float32Array.from({ length: 2 * CELLS ** 2 }, (_, k) => {
    const cell = Math.floor(k / 2);
    return centre(k % 2 === 0 ? cell % CELLS : Math.floor(cell / CELLS));
  });
}

const AXIS = { domain: [-EXTENT, EXTENT], ticks: 5, label: null };

function scatter(title: string, points: ArrayLike<number>, angle: readonly number[]): Panel {
  const dots = angle.map((colour, i) => ({ x: points[2 * i], y: points[2 * i + 1], colour }));
  return {
    title,
    plot: {
      x: AXIS,
      y: AXIS,
      color: { type: 'cyclical', scheme: 'rainbow', domain: [-Math.PI, Math.PI] },
      marks: [
        Plot.frame({ stroke: COLOUR.rule }),
        Plot.dot(dots, { x: 'x', y: 'y', fill: 'colour', r: 2, clip: true }),
      ],
    },
  };
}

function heatMap(title: string, density: Float64Array): Panel {
  const peak = Math.max(...density);
  return {
    title,
    plot: {
      x: AXIS,
      y: AXIS,
      color: { scheme: 'magma', domain: [0, peak] },
      marks: [
        // Below the lowest level the plane has the colour of zero.
        Plot.frame({ fill: '#000004' }),
        Plot.contour(Array.from(density), {
          width: CELLS,
          height: CELLS,
          x1: -EXTENT,
          x2: EXTENT,
          y1: -EXTENT,
          y2: EXTENT,
          fill: Plot.identity,
          thresholds: LEVELS.map((share) => share * peak),
        }),
        Plot.frame({ stroke: COLOUR.rule }),
      ],
    },
  };
}
