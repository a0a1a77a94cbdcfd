import type { Rng } from 'wgrad';
import { mixRgb, pick, SURROUNDINGS, scaleRgb } from './colours.js';
import type { Rgb } from './shape.js';

/** What is behind everything: a colour for each point of the picture, written into `out`. */
export type Backdrop = (x: number, y: number, out: Float32Array) => void;

/** Draws a backdrop: a wall, planks, tiles, open ground under a sky, or rough texture, each with soft unevenness. */
export function sampleBackdrop(rng: Rng, horizon: number): Backdrop {
  const key = rng.uint32();
  const light = 0.45 + 0.8 * rng.uniform();
  const a = scaleRgb(pick(rng, SURROUNDINGS), light);
  const b = scaleRgb(pick(rng, SURROUNDINGS), 0.45 + 0.8 * rng.uniform());
  const angle = rng.uniform() * Math.PI;
  const frequency = 3 + 9 * rng.uniform();
  const contrast = 0.08 + 0.22 * rng.uniform();
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const grain = 0.05 + 0.2 * rng.uniform();
  const scale = 4 + 10 * rng.uniform();
  const cloudy = (x: number, y: number) => 1 + grain * (smoothNoise(key, x * scale, y * scale) - 0.5);
  const kind = rng.int(5);
  const write = (colour: Rgb, gain: number, out: Float32Array) => {
    out[0] = colour[0] * gain;
    out[1] = colour[1] * gain;
    out[2] = colour[2] * gain;
  };
  const blend = (t: number, gain: number, out: Float32Array) => {
    for (let i = 0; i < 3; i++) out[i] = (a[i] + t * (b[i] - a[i])) * gain;
  };
  if (kind === 0) return (x, y, out) => blend(clamp(0.5 + cos * (x - 0.5) + sin * (y - 0.5)), cloudy(x, y), out);
  if (kind === 1) {
    return (x, y, out) => {
      const wave = Math.sin((x * cos + y * sin) * frequency * 2 * Math.PI);
      const edge = clamp(0.5 + 2.5 * wave);
      write(y > horizon ? b : a, cloudy(x, y) * (1 + contrast * (edge - 0.5)), out);
    };
  }
  if (kind === 2) {
    return (x, y, out) => {
      const row = Math.floor(y * frequency * 1.6);
      const column = Math.floor(x * frequency + (row & 1) * 0.5);
      write(y > horizon ? b : a, cloudy(x, y) * (1 + contrast * (hash(key, column, row) - 0.5) * 1.5), out);
    };
  }
  if (kind === 3) {
    const sky = mixRgb(a, [0.75, 0.86, 0.97], 0.6);
    return (x, y, out) => {
      const hills = horizon - 0.1 * smoothNoise(key, x * 3.1, 0.5) - 0.05 * smoothNoise(key, x * 9, 7.5);
      if (y < hills) write(sky, 1 - 0.25 * (horizon - y) + 0.3 * (cloudy(x, y) - 1), out);
      else if (y < horizon) write(a, 0.75 * cloudy(x * 2, y * 2), out);
      else write(b, cloudy(x * 1.5, y * 4) * (0.9 + 0.3 * (y - horizon)), out);
    };
  }
  return (x, y, out) => {
    const rough =
      0.65 * smoothNoise(key, x * scale, y * scale) + 0.35 * smoothNoise(key, x * scale * 2.7, y * scale * 2.7);
    blend(clamp(0.5 + 2.2 * contrast * 3 * (rough - 0.5)), 1, out);
  };
}

/** Values on a lattice, joined by a smooth curve; in [0, 1]. */
function smoothNoise(key: number, x: number, y: number): number {
  const i = Math.floor(x);
  const j = Math.floor(y);
  const u = smooth(x - i);
  const v = smooth(y - j);
  const top = hash(key, i, j) * (1 - u) + hash(key, i + 1, j) * u;
  const bottom = hash(key, i, j + 1) * (1 - u) + hash(key, i + 1, j + 1) * u;
  return top * (1 - v) + bottom * v;
}

function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}

/** A hash of a lattice point in [0, 1), cheap enough for every pixel (threefry would cost more than the figure). */
function hash(key: number, i: number, j: number): number {
  let h = (key ^ Math.imul(i, 0x27d4eb2d) ^ Math.imul(j, 0x165667b1)) | 0;
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 8) * 2 ** -24;
}

function clamp(t: number): number {
  return t < 0 ? 0 : Math.min(t, 1);
}
