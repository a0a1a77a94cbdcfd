// @ts-check
// Trains the flow of ../moons.js between two frames and paints its density.

import { device as openDevice, Rng } from 'wgrad';
import { drawMoons, EXTENT, learn, logDensityGrid, startLearning } from '../moons.js';

const STEPS = 1500;
const STEPS_PER_FRAME = 10;
const BATCH = 256;
const CELLS = 64;

const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('canvas'));
const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
const caption = /** @type {HTMLOutputElement} */ (document.querySelector('output'));
const shown = drawMoons(new Rng(1), 300);

/** @param {ArrayLike<number>} logDensity */
async function paint(logDensity) {
  const cells = new ImageData(CELLS, CELLS);
  for (let i = 0; i < CELLS * CELLS; i++) {
    const [x, y] = [i % CELLS, CELLS - 1 - Math.floor(i / CELLS)];
    // The root lifts faint tails out of the dark.
    const light = Math.min(1, Math.sqrt(Math.exp(logDensity[y * CELLS + x])));
    cells.data.set([255 * light ** 2, 170 * light, 60 + 120 * light, 255], 4 * i);
  }
  const side = canvas.width;
  pen.drawImage(await createImageBitmap(cells), 0, 0, side, side);
  pen.fillStyle = '#fff';
  const place = (/** @type {number} */ v) => ((v / EXTENT + 1) / 2) * side;
  for (let i = 0; i < shown.length; i += 2) pen.fillRect(place(shown[i]) - 1, side - place(shown[i + 1]) - 1, 2, 2);
}

async function main() {
  const device = await openDevice({ quiet: true });
  const rng = new Rng(0);
  let learner = startLearning(device, rng.split(0));
  const data = rng.split(1);
  for (let step = 0; step < STEPS; ) {
    let last;
    for (let i = 0; i < STEPS_PER_FRAME; i++, step++) {
      last?.dispose();
      const done = learn(device, learner, drawMoons(data, BATCH));
      learner = done.learner;
      last = done.loss;
    }
    const loss = await last?.item();
    await paint(await logDensityGrid(device, learner.params, CELLS));
    caption.textContent = `${device.description}: step ${step} of ${STEPS}, loss ${loss?.toFixed(3)} nats`;
    caption.dataset.step = String(step);
    await new Promise(requestAnimationFrame);
  }
}

main().catch((error) => {
  caption.textContent = error.message;
  throw error;
});
