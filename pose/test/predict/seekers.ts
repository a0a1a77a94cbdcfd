import { expect } from 'vitest';
import type { Conventions } from '../../src/checkpoints/conventions.js';
import type { FlipPoses } from '../../src/flipAverage.js';
import type { PoseNetwork } from '../../src/predict/poseNetwork.js';
import type { JointSchema } from '../../src/schema.js';

/** Some that no code has, so that all of them matter. */
export const conventions: Conventions = {
  size: [96, 72],
  mean: [0.4, 0.5, 0.3],
  std: [0.2, 0.3, 0.5],
  padding: 1.25,
  origin: 0.5,
  pixel: 0.5,
  normalise: false,
};

/** A nose and two hands that change places in a mirror. */
export const schema: JointSchema = {
  name: 'three',
  joints: ['nose', 'left', 'right'],
  flipPairs: [[1, 2]],
  limbs: [],
  normaliser: [0, 1],
  upperBody: [],
  oksSigmas: [0.1, 0.1, 0.1],
};

/**
 * A network that finds what is white: all joints are the centre of light, the right hand an eighth of the crop right of it.
 * It knows nothing but the conventions of its input, so whatever comes out went through all of them.
 */
export function lightSeeker({ size, mean, std, pixel, udp }: Conventions): PoseNetwork {
  const [height, width] = size;
  return async (images) => {
    const count = images.length / (height * width * 3);
    const mu = new Float64Array(count * 6);
    let [lowest, highest] = [0, 1];
    for (let n = 0; n < count; n++) {
      let [x, y, light] = [0, 0, 0];
      for (let p = 0; p < height * width; p++) {
        const levels = [0, 1, 2].map((c) => images[(n * height * width + p) * 3 + c] * std[c] + mean[c]);
        for (const level of levels) {
          lowest = Math.min(lowest, level);
          highest = Math.max(highest, level);
        }
        const grey = Math.max(0, (levels[0] + levels[1] + levels[2]) / 3 - 0.4);
        x += grey * (p % width);
        y += grey * Math.floor(p / width);
        light += grey;
      }
      const [w, h] = udp ? [width - 1, height - 1] : [width, height];
      const [u, v] = [(x / light + pixel) / w - 0.5, (y / light + pixel) / h - 0.5];
      mu.set([u, v, u, v, u + 1 / 8, v], n * 6);
    }
    expect(lowest).toBeGreaterThan(-1e-6);
    expect(highest).toBeLessThan(1 + 1e-6);
    return { mu, sigma: mu.map((_, i) => (i % 2 === 0 ? 0.1 : 0.2)) };
  };
}

/** The same place as a hill of height 0.9 in maps as large as the input, for each joint. */
export function hillSeeker(conventions: Conventions): PoseNetwork {
  const seek = lightSeeker(conventions);
  const [height, width] = conventions.size;
  const [h, w] = conventions.udp ? [height - 1, width - 1] : [height, width];
  return async (images) => {
    const { mu } = (await seek(images)) as FlipPoses;
    const shape = [mu.length / 6, height, width, 3];
    const maps = new Float64Array(mu.length * height * width * 0.5);
    for (let i = 0; i < maps.length; i++) {
      const [k, column, row] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / (3 * width)) % height];
      const at = 6 * Math.floor(i / (3 * width * height)) + 2 * k;
      const x = column - ((mu[at] + 0.5) * w - conventions.pixel);
      const y = row - ((mu[at + 1] + 0.5) * h - conventions.pixel);
      maps[i] = 0.9 * Math.exp(-(x * x + y * y) / 8);
    }
    return { maps, shape };
  };
}
