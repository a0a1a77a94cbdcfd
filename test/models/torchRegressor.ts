import type { Depth } from '../../src/nn/resnet.js';
import { namedTensors } from '../../src/nn/tree.js';
import type { Labels } from '../../src/rle/prediction.js';
import * as regressor from '../../src/rle/regressor.js';

import { Rng } from '../../src/tensor/rng.js';
import type { Device, Tensor } from '../../src/tensor/tensor.js';
import type { Nested } from '../numbers.js';

/** One regressor of torch_golden.json; all layouts are PyTorch's. */
export interface RegressorGolden {
  readonly depth: Depth;
  readonly input: readonly [number, number, number, number];
  readonly joints: number;
  readonly weight_seed: number;
  readonly data_seed: number;
  readonly n_params: number;
  readonly eval: { readonly mu: Nested; readonly sigma_logit: Nested };
  readonly train: {
    readonly stages: Readonly<
      Record<
        string,
        { readonly shape: number[]; readonly mean: number; readonly std: number; readonly first: number[] }
      >
    >;
    readonly mu: Nested;
    readonly sigma_logit: Nested;
  };
  readonly loss: number;
  readonly grad_norm: Readonly<Record<string, number>>;
  readonly bn1_running: { readonly mean: number[]; readonly var: number[] };
  readonly running_norm_after_1_step: Readonly<Record<string, number>>;
  readonly 'adam_1e-3_losses_float64'?: readonly number[];
  readonly 'adam_1e-3_losses_float32'?: readonly number[];
}

/** The running stream of make_torch_golden.py: murmur3's finaliser over a counter. */
export class Hash {
  readonly #seed: number;
  #i = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Uniform in [0, 1). */
  u(): number {
    let h = (this.#seed * 0x9e3779b1 + this.#i++) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b) >>> 0;
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) >>> 0;
    return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
  }

  /** Uniform in [-1, 1). */
  s(): number {
    return 2 * this.u() - 1;
  }

  array(n: number, f: () => number): Float64Array {
    return Float64Array.from({ length: n }, f);
  }
}

/** Our path as the golden's module has it: its heads are plain linear layers. */
export function goldenName(path: string): string {
  return path.replace('.linear.', '.');
}

/** Moves [A, B, Y, X] values to [Y, X, B, A], a filter from PyTorch's layout, or to [A, Y, X, B], images. */
function permuted(data: Float64Array, [a, b, y, x]: readonly number[], to: 'filter' | 'images'): Float64Array {
  const out = new Float64Array(data.length);
  let from = 0;
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) {
      for (let p = 0; p < y * x; p++) {
        out[to === 'filter' ? (p * b + j) * a + i : (i * y * x + p) * b + j] = data[from++];
      }
    }
  }
  return out;
}

/** PyTorch's order of an [N, H, W, C] array. */
export function toNchw(data: ArrayLike<number>, [n, h, w, c]: readonly number[]): Float64Array {
  const out = new Float64Array(n * h * w * c);
  for (let i = 0, at = 0; i < n; i++) {
    for (let k = 0; k < c; k++) for (let p = 0; p < h * w; p++) out[at++] = data[(i * h * w + p) * c + k];
  }
  return out;
}

/** Writes the golden's parameters, whose order is that of PyTorch's `named_parameters()`, as ours is. */
export function fillParameters(params: regressor.RegressorParams, seed: number): void {
  const hash = new Hash(seed);
  for (const [path, t] of namedTensors(params)) {
    const filter = t.rank === 4;
    const fanIn = filter ? t.shape[0] * t.shape[1] * t.shape[2] : t.shape[1];
    const scale = Math.sqrt(3 / fanIn) * (path.startsWith('fc_') ? 0.01 : 1);
    const draw =
      t.rank > 1 ? () => hash.s() * scale : path.endsWith('weight') ? () => hash.u() + 0.5 : () => hash.s() * 0.1;
    const data = hash.array(t.size, draw);
    const [r, s, c, k] = t.shape;
    t.device.write(t, filter ? permuted(data, [k, c, r, s], 'filter') : data);
  }
}

export interface GoldenModel {
  readonly params: regressor.RegressorParams;
  readonly state: regressor.RegressorState;
  readonly images: Tensor;
  readonly labels: Required<Labels>;
}

/** The golden's model and batch on a device. */
export function goldenModel(device: Device, golden: RegressorGolden): GoldenModel {
  const { depth, joints, input, weight_seed, data_seed } = golden;
  const { params, state } = regressor.init(new Rng(0), device, { depth, joints, weights: 'torch' });
  fillParameters(params, weight_seed);
  const hash = new Hash(data_seed);
  const [n, c, h, w] = input;
  const images = permuted(
    hash.array(n * c * h * w, () => hash.s()),
    input,
    'images',
  );
  const target = hash.array(n * joints * 2, () => hash.s() * 0.5);
  const weight = hash.array(n * joints, () => (hash.u() > 0.2 ? 1 : 0));
  return {
    params,
    state,
    images: device.tensor(images, [n, h, w, c]),
    labels: {
      target: device.tensor(target, [n, joints, 2]),
      weight: device.tensor(weight, [n, joints, 1]),
    },
  };
}
