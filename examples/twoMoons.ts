// Trains a RealNVP on two moons and draws what it learned beside the data: `npm run example examples/twoMoons.ts`.
// The flow and its training are in moons.js; this file makes the device, runs the steps and draws.

import { mkdirSync, writeFileSync } from 'node:fs';
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { device as openDevice, Rng } from 'wgrad';
import { drawMoons, EXTENT, learn, logDensityGrid, startLearning } from './moons.js';

const STEPS = 400;
const BATCH = 256;
const CELLS = 96;
const FILE = 'out/twoMoons.svg';

const device = await openDevice();
console.log(device.description);

// One seed gives a stream per purpose, so that what one purpose draws does not change the others.
const rng = new Rng(0);
const data = rng.split(1);
let learner = startLearning(device, rng.split(0));

for (let step = 1; step <= STEPS; step++) {
  const { loss, learner: next } = learn(device, learner, drawMoons(data, BATCH));
  learner = next;
  // Reading waits for the device, so it is done only now and then.
  if (step % 100 === 0) console.log(`step ${step}: ${(await loss.item()).toFixed(3)} nats`);
  loss.dispose();
}

const density = Float64Array.from(await logDensityGrid(device, learner.params, CELLS), Math.exp);
const points = drawMoons(rng.split(2), 1000);
const samples = Array.from({ length: points.length / 2 }, (_, i) => [points[2 * i], points[2 * i + 1]]);

function panel(offset: number, ...marks: Plot.Markish[]): string {
  const { document } = parseHTML('<!doctype html><html></html>');
  const axis = { domain: [-EXTENT, EXTENT], ticks: 5, label: null };
  const svg = Plot.plot({
    document,
    width: 360,
    height: 360,
    margin: 30,
    x: axis,
    y: axis,
    color: { scheme: 'magma' },
    marks,
  });
  svg.setAttribute('x', String(offset));
  return svg.outerHTML;
}

const square = { x1: -EXTENT, x2: EXTENT, y1: -EXTENT, y2: EXTENT, width: CELLS, height: CELLS };
const left = panel(0, Plot.dot(samples, { r: 1.2, fill: '#3a86c8' }));
const right = panel(370, Plot.contour(density, { ...square, fill: Plot.identity, interval: 0.05 }));
mkdirSync('out', { recursive: true });
writeFileSync(
  FILE,
  `<svg xmlns="http://www.w3.org/2000/svg" width="730" height="360" font-family="sans-serif">${left}${right}</svg>\n`,
);
console.log(`wrote ${FILE}: the data on the left, the learned density on the right`);
