import { Rng } from '../../../src/tensor/rng.js';
import type { Noise } from './noise.js';

/** Joints of a scene; joints 2 i and 2 i + 1 are partners. */
export const JOINTS = 4;
/** Scenes to learn from, all of which are in each step. */
export const TRAIN = 256;
/** What a network sees of a scene. */
export const FEATURES = 8;
/** The usual scale of a label's error; joints move by some 0.3. */
export const SCALE = 0.02;

/** Scenes along a line, x in [-1, 1]; joints and labels are [count, JOINTS, 2]. */
export interface Scenes {
  readonly count: number;
  /** [count, FEATURES]. */
  readonly features: Float32Array;
  readonly joints: Float32Array;
  readonly labels: Float32Array;
  /** Mean over joints of the true log density of their labels, in nats. */
  readonly logDensity: number;
}

/** Waves of four lengths. Joints are linear in them and a constant, so that a linear layer can be right everywhere. */
const wavesAt = (x: number) => [1, 2, 3, 4].flatMap((k) => [Math.sin(Math.PI * k * x), Math.cos(Math.PI * k * x)]);

const COEFFICIENTS = (() => {
  const rng = new Rng(14);
  return Array.from({ length: 2 * JOINTS }, () => Array.from({ length: FEATURES + 1 }, () => 0.1 * rng.normal()));
})();

export function drawScenes(rng: Rng, count: number, noise: Noise): Scenes {
  const features = new Float32Array(count * FEATURES);
  const joints = new Float32Array(count * 2 * JOINTS);
  const labels = new Float32Array(count * 2 * JOINTS);
  let logDensity = 0;
  for (let i = 0; i < count; i++) {
    const x = 2 * rng.uniform() - 1;
    const waves = wavesAt(x);
    features.set(waves, i * FEATURES);
    const places = COEFFICIENTS.map((row) => row.reduce((sum, c, j) => sum + c * (j < FEATURES ? waves[j] : 1), 0));
    joints.set(places, i * 2 * JOINTS);
    const scale = SCALE * noise.scaleAt(x);
    for (let k = 0; k < JOINTS; k++) {
      const shape = noise.shapeOf(k);
      const partner = k ^ 1;
      const at = rng.uniform() < noise.swaps ? partner : k;
      const label = [0, 1].map((d) => places[2 * at + d] + scale * shape.draw(rng));
      labels.set(label, (i * JOINTS + k) * 2);
      const from = (joint: number, share: number) =>
        Math.log(share) +
        label.reduce((sum, y, d) => sum + shape.logDensity((y - places[2 * joint + d]) / scale) - Math.log(scale), 0);
      const [own, other] = [from(k, 1 - noise.swaps), noise.swaps > 0 ? from(partner, noise.swaps) : -Infinity];
      logDensity += Math.max(own, other) + Math.log1p(Math.exp(-Math.abs(own - other)));
    }
  }
  return { count, features, joints, labels, logDensity: logDensity / (count * JOINTS) };
}
