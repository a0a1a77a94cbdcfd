// @ts-check
// A RealNVP that learns the density of two moons. Plain JavaScript, so that Node and a page run the very same file.

import { mean, neg, packParameters, scope, valueAndGrad } from 'wgrad';
import { adam } from 'wgrad/nn';
import { realNvp } from 'wgrad/rle';

/** What computes the density; its parameters may have any number and width of layers. */
const FLOW = realNvp({ dims: 2 });

/** Corner of the square [-EXTENT, EXTENT]^2 that holds nearly all points. */
export const EXTENT = 2;

/**
 * Two interleaved half circles with normal noise, centred: `n` points, row-major [n, 2].
 * @param {import('wgrad').Rng} rng
 * @param {number} n
 */
export function drawMoons(rng, n, noise = 0.08) {
  const points = new Float32Array(2 * n);
  for (let i = 0; i < n; i++) {
    const angle = Math.PI * rng.uniform();
    const side = i % 2 === 0 ? 1 : -1;
    points[2 * i] = side * (Math.cos(angle) - 0.5) + noise * rng.normal();
    points[2 * i + 1] = side * (Math.sin(angle) - 0.25) + noise * rng.normal();
  }
  return points;
}

/**
 * A fresh flow, with the moments of its optimiser. Packed parameters are updated in one dispatch.
 * @param {import('wgrad').Device} device
 * @param {import('wgrad').Rng} rng
 */
export function startLearning(device, rng, { couplings = 6, hidden = 64 } = {}) {
  const params = packParameters(realNvp({ dims: 2, couplings, hidden }).init(rng, device));
  return { params, moments: adam.init(params) };
}

/** Minus the mean log-density of the points, in nats. */
const negativeLogLikelihood = valueAndGrad(
  /**
   * @param {import('wgrad/rle').RealNvpParams} params
   * @param {import('wgrad').Tensor} points
   */
  (params, points) => neg(mean(FLOW.logProb(params, points))),
);

/**
 * One step of Adam on the points: the loss before it, still on the device, and what has been learned. The learner that
 * goes in is used up.
 * @param {import('wgrad').Device} device
 * @param {ReturnType<typeof startLearning>} learner
 * @param {Float32Array} points row-major [n, 2]
 */
export function learn(device, { params, moments }, points, lr = 3e-3) {
  return scope(() => {
    const [loss, gradients] = negativeLogLikelihood(params, device.tensor(points, [points.length / 2, 2]));
    const [nextParams, nextMoments] = adam.step(params, gradients, moments, { lr });
    return { loss, learner: { params: nextParams, moments: nextMoments } };
  });
}

/**
 * The log-density at the centres of `size` x `size` cells over the square, row by row from y = -EXTENT.
 * @param {import('wgrad').Device} device
 * @param {import('wgrad/rle').RealNvpParams} params
 * @param {number} size
 */
export async function logDensityGrid(device, params, size) {
  const centre = (/** @type {number} */ i) => ((2 * i + 1) / size - 1) * EXTENT;
  const cells = Float32Array.from({ length: 2 * size * size }, (_, k) =>
    centre(k % 2 === 0 ? (k >> 1) % size : Math.floor((k >> 1) / size)),
  );
  const logProb = scope(() => FLOW.logProb(params, device.tensor(cells, [size * size, 2])));
  const values = await logProb.data();
  logProb.dispose();
  return values;
}
