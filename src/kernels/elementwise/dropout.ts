import type { OpCases } from '../../autograd/cases.js';
import { composed } from '../../autograd/composed.js';
import { defineOp, type Op } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import { f32bits } from '../../tensor/backend.js';
import { launchThreads } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import { Rng, threefry2x32 } from '../../tensor/rng.js';
import type { Tensor } from '../../tensor/tensor.js';
import { checkSeed, randomSeed } from '../creation/randomSeed.js';
import dropoutCode from '../wgsl/dropout.wgsl.js';

/** Attributes of `dropout`. */
export interface DropoutAttrs {
  /** Probability that an element becomes 0, in [0, 1]; default 0.5. */
  readonly p: number;
  /**
   * Number of the mask. The masks of one seed are independent of each other; give each call within a step another number.
   */
  readonly stream: number;
}

const masks = /* @__PURE__ */ programs('dropout', dropoutCode);

const DROPOUT_DEFAULTS: DropoutAttrs = { p: 0.5, stream: 0 };

/** An element is kept where 24 random bits reach this: the same integers on every backend. */
const threshold = (p: number) => Math.round(p * 2 ** 24);
const scaleOf = (p: number) => (p === 1 ? 0 : 1 / (1 - p));

const masked: Op<[x: Tensor, seed: Tensor], DropoutAttrs> = /* @__PURE__ */ defineOp({
  name: 'dropout',
  arity: 2,
  attrs: DROPOUT_DEFAULTS,
  anyDType: true,
  half: [0],
  shape([x, seed], { p, stream }) {
    checkSeed('dropout', seed);
    if (x.dtype !== 'float32' && x.dtype !== 'float16') {
      throw new ShapeError(`dropout: x is ${x.dtype}, expected float32 or float16`);
    }
    if (!(p >= 0 && p <= 1) || !Number.isInteger(stream) || stream < 0 || stream >= 2 ** 32) {
      throw new ShapeError(
        `dropout: p must lie in [0, 1] and stream be an integer in [0, 2^32), got ${p} and ${stream}`,
      );
    }
    return x;
  },
  reference([x, seed], [y], { p, stream }) {
    const [k0, k1, step] = seed.data;
    const least = threshold(p);
    for (let i = 0; i < y.data.length; i += 2) {
      const words = threefry2x32(k0, (k1 ^ stream) >>> 0, i / 2, step);
      for (let k = 0; k < 2 && i + k < y.data.length; k++) {
        y.data[i + k] = words[k] >>> 8 >= least ? x.data[i + k] * scaleOf(p) : 0;
      }
    }
  },
  launches: ([x, seed], [y], { p, stream }) => [
    launchThreads(Math.ceil(y.size / 2), masks(), [x, seed], [y], [stream, threshold(p), f32bits(scaleOf(p)), y.size]),
  ],
  vjp: (g, { inputs: [, seed], attrs }) => [() => masked(g, seed, attrs), null],
  keep: { inputs: [1] },
});

/**
 * Dropout (Srivastava et al. 2014), `y = x / (1 - p)` with probability `1 - p`, else 0, drawn on the device; the gradient
 * has the same zeros, because the mask is drawn again from the same seed instead of being kept. In evaluation leave the
 * call out.
 *
 * @param x float32 or float16
 * @param source an `Rng`, which draws a new mask at each call; or a seed of `randomSeed`, whose masks differ by `stream`.
 *   A step that `capture` replays wants a seed: `dropout(x, state.seed, { p: 0.1, stream: 0 })`, and
 *   `seed: nextSeed(state.seed)` in the state that it returns
 * @throws ShapeError if p is not in [0, 1] or the seed is not one of `randomSeed`
 */
export const dropout = /* @__PURE__ */ fromSource(masked);

function fromSource({ def, apply }: typeof masked) {
  const call = (x: Tensor, source: Rng | Tensor, attrs?: Partial<DropoutAttrs>): Tensor => {
    const seed = source instanceof Rng ? composed('dropout', [x], () => randomSeed(x.device, source)) : source;
    return masked(x, seed, attrs);
  };
  return Object.assign(call, { def, apply });
}

const SEED = { shape: [3], dtype: 'uint32', values: [0x12345678, 0x9abcdef0, 5] } as const;

export const dropoutCases = (): OpCases => ({
  op: dropout,
  samples: [
    { inputs: [{ shape: [3, 5] }, SEED] },
    { inputs: [{ shape: [2, 3, 4] }, SEED], attrs: { p: 0.2, stream: 7 } },
    { inputs: [{ shape: [] }, SEED], attrs: { p: 0 } },
    { inputs: [{ shape: [4] }, SEED], attrs: { p: 1, stream: 2 ** 32 - 1 } },
    { inputs: [{ shape: [1031] }, SEED], attrs: { p: 0.9 }, order: 1 },
  ],
  errors: [
    { inputs: [{ shape: [3] }, { shape: [2], dtype: 'uint32' }], message: /seed must be uint32 \[3\]/ },
    { inputs: [{ shape: [3] }, { shape: [3], dtype: 'uint32' }], attrs: { p: 1.5 }, message: /p must lie in \[0, 1\]/ },
    {
      inputs: [
        { shape: [3], dtype: 'int32' },
        { shape: [3], dtype: 'uint32' },
      ],
      message: /x is int32, expected float32/,
    },
  ],
  bench: [
    {
      name: '4096x1024',
      inputs: [{ shape: [4096, 1024] }, SEED],
      flop: 0,
      bytes: 8 * 4096 * 1024,
    },
  ],
});
