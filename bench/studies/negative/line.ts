import { silu } from '../../../src/kernels/elementwise/activation.js';
import * as mlp from '../../../src/nn/mlp.js';
import { Rng } from '../../../src/tensor/rng.js';
import { type Scenes, SIDE, type Task, WIDTH } from './task.js';

/** Corners of an object, as of a licence plate. */
const JOINTS = 4;
/** x and its waves. */
const FEATURES = 9;
const HELD_OUT = 1000;

/** The noise of the corners as a share of the object's side, from the sharpest scene to the most blurred one. */
export interface Noise {
  readonly least: number;
  readonly most: number;
}

const SIGNS = [
  [-1, -1],
  [1, -1],
  [1, 1],
  [-1, 1],
] as const;

/** Scenes along a line, x in [-1, 1]. Box and class follow from x without noise; the corners have Laplace noise. */
export function lineTask(noise: Noise): Task {
  return {
    joints: JOINTS,
    inputShape: [FEATURES],
    draw: (rng, count) => drawLine(rng, count, noise),
    heldOut: drawLine(new Rng(77, 1), HELD_OUT, noise),
    init: (rng, device) => mlp.init(rng, device, { sizes: [FEATURES, WIDTH, WIDTH] }),
    apply: (body, inputs) => silu(mlp.apply(body as mlp.MlpParams, inputs, silu)),
  };
}

function drawLine(rng: Rng, count: number, { least, most }: Noise): Scenes {
  const inputs = new Float32Array(count * FEATURES);
  const joints = new Float32Array(count * JOINTS * 2);
  const clean = new Float32Array(count * JOINTS * 2);
  const boxes = new Float32Array(count * 4);
  const classes = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const x = 2 * rng.uniform() - 1;
    const waves = [1, 2, 3, 4].flatMap((k) => [Math.sin(Math.PI * k * x), Math.cos(Math.PI * k * x)]);
    inputs.set([x, ...waves], i * FEATURES);
    const centre = [2 * Math.sin(2.5 * x), 1.5 * Math.cos(4 * x + 1)];
    const half = [(SIDE / 2) * (1 + 0.25 * Math.sin(3 * x)), (SIDE / 4) * (1 + 0.25 * Math.cos(5 * x))];
    const angle = 0.5 * Math.sin(6 * x);
    boxes.set([...centre, ...half], i * 4);
    classes[i] = Math.sin(9 * x + 0.5) > 0 ? 1 : 0;
    const blur = SIDE * least * (most / least) ** ((1 + Math.sin(5 * x)) / 2);
    SIGNS.forEach(([sx, sy], k) => {
      const [u, v] = [sx * half[0], sy * half[1]];
      const at = (i * JOINTS + k) * 2;
      clean[at] = centre[0] + u * Math.cos(angle) - v * Math.sin(angle);
      clean[at + 1] = centre[1] + u * Math.sin(angle) + v * Math.cos(angle);
      joints[at] = clean[at] + blur * laplace(rng);
      joints[at + 1] = clean[at + 1] + blur * laplace(rng);
    });
  }
  return { count, inputs, joints, clean, boxes, classes };
}

/** A draw of standard deviation 1. */
function laplace(rng: Rng): number {
  return (Math.log(1 - rng.uniform()) - Math.log(1 - rng.uniform())) / Math.SQRT2;
}
