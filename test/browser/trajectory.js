// @ts-check
// What the page computes on WebGPU and Node on the reference, from the same file.

import { Rng } from 'wgrad';
import { drawMoons, learn, logDensityGrid, startLearning } from '../../examples/moons.js';

/**
 * The losses of a short training on two moons and the log-density that it ends with.
 * @param {import('wgrad').Device} device
 * @param {{ seed: number, steps: number, batch: number, cells: number }} plan
 */
export async function trainMoons(device, { seed, steps, batch, cells }) {
  const rng = new Rng(seed);
  let learner = startLearning(device, rng.split(0), { couplings: 4, hidden: 32 });
  const data = rng.split(1);
  const losses = [];
  for (let step = 0; step < steps; step++) {
    const { loss, learner: next } = learn(device, learner, drawMoons(data, batch));
    losses.push(await loss.item());
    loss.dispose();
    learner = next;
  }
  return { losses, logDensity: Array.from(await logDensityGrid(device, learner.params, cells)) };
}
