import { namedTensors } from '../../src/nn/tree.js';
import { sizeOf } from '../../src/tensor/shape.js';
import type { Tree } from '../../src/tensor/tree.js';

/** u(i) in [0, 1) of model_golden.json: murmur3's finaliser over a counter that starts at FNV-1a of the name. */
export function uniformOf(name: string, count: number): Float64Array {
  let seed = 0x811c9dc5;
  for (const letter of name) seed = Math.imul(seed ^ letter.charCodeAt(0), 0x01000193) >>> 0;
  return Float64Array.from({ length: count }, (_, i) => {
    let h = (seed + i) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b) >>> 0;
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) >>> 0;
    return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
  });
}

export function signedOf(name: string, shape: readonly number[]): Float64Array {
  return uniformOf(name, sizeOf(shape)).map((u) => 2 * u - 1);
}

/** [N, C, H, W] values in the order of [N, H, W, C]. */
export function toNhwc(data: Float64Array, [n, c, h, w]: readonly number[]): Float64Array {
  const out = new Float64Array(data.length);
  for (let i = 0, from = 0; i < n; i++) {
    for (let k = 0; k < c; k++) for (let p = 0; p < h * w; p++) out[(i * h * w + p) * c + k] = data[from++];
  }
  return out;
}

/** Writes the golden's values into parameters, found by their names. */
export function fillByName(params: Tree): void {
  for (const [name, t] of namedTensors(params)) {
    if (t.rank !== 4) {
      const scale = name.endsWith('weight') ? (u: number) => u + 0.5 : (u: number) => (2 * u - 1) * 0.1;
      t.device.write(t, uniformOf(name, t.size).map(scale));
      continue;
    }
    // PyTorch's [K, C, R, S] to [R, S, C, K].
    const [r, s, c, k] = t.shape;
    const values = signedOf(name, [k, c, r, s]);
    const out = new Float64Array(t.size);
    for (let i = 0, from = 0; i < k; i++) {
      for (let j = 0; j < c; j++) {
        for (let p = 0; p < r * s; p++) out[(p * c + j) * k + i] = values[from++] * Math.sqrt(3 / (c * r * s));
      }
    }
    t.device.write(t, out);
  }
}
