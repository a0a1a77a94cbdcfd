import type { OpCases } from '../../autograd/cases.js';
import { defineOp, type Op, type TensorSpec } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';

import { programs } from '../../tensor/programs.js';
import type { Rng } from '../../tensor/rng.js';
import { formatShape } from '../../tensor/shape.js';
import type { Device, Tensor } from '../../tensor/tensor.js';

/** Words of a seed: the two of a threefry key, and how often `nextSeed` has moved it on. */
const SEED_WORDS = 3;

const advances = /* @__PURE__ */ programs(
  'nextSeed',
  () => /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> seed: array<u32>;
@compute @workgroup_size(1)
fn main() { seed[2] = seed[2] + 1u; }`,
);

/** @internal Throws unless the operand is a seed. */
export function checkSeed(op: string, seed: TensorSpec): void {
  if (seed.dtype === 'uint32' && seed.shape.length === 1 && seed.shape[0] === SEED_WORDS) return;
  throw new ShapeError(
    `${op}: the seed must be uint32 [3], as randomSeed(device, rng) makes it, got ${seed.dtype} ${formatShape(seed.shape)}`,
  );
}

/**
 * A seed on the device, uint32 [3], for ops that draw there. What is drawn depends on the seed alone. So a step that
 * `capture` replays draws other numbers only if its seed changes: either each batch brings a seed, or the seed is part of
 * the state and `nextSeed` moves it on.
 */
export function randomSeed(device: Device, rng: Rng): Tensor {
  return device.tensor(Uint32Array.of(rng.uint32(), rng.uint32(), 0));
}

/**
 * Moves a seed on in place, `[k0, k1, n] -> [k0, k1, n + 1]`, so that other numbers are drawn from it; the old handle
 * dies. A captured step calls it once and returns the new seed with its state.
 */
export const nextSeed: Op<[seed: Tensor], object> = /* @__PURE__ */ defineOp({
  name: 'nextSeed',
  arity: 1,
  attrs: {},
  anyDType: true,
  shape([seed]) {
    checkSeed('nextSeed', seed);
    return seed;
  },
  reference(_, [seed]) {
    seed.data[2]++;
  },
  launches: (_, [seed]) => [
    {
      program: advances(),
      read: [],
      write: [seed],
      grid: [1, 1, 1],
    },
  ],
  vjp: null,
  donates: [0],
});

export const nextSeedCases = (): OpCases => ({
  op: nextSeed,
  samples: [
    { inputs: [{ shape: [3], dtype: 'uint32', values: [7, 8, 0] }] },
    { inputs: [{ shape: [3], dtype: 'uint32', values: [7, 2 ** 32 - 1, 2 ** 32 - 1] }] },
  ],
  errors: [
    { inputs: [{ shape: [2], dtype: 'uint32' }], message: /seed must be uint32 \[3\].* got uint32 \[2\]/ },
    { inputs: [{ shape: [3] }], message: /got float32 \[3\]/ },
  ],
  bench: [],
});
