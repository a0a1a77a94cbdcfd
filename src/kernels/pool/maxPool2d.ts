import type { OpCases } from '../../autograd/cases.js';
import { defineOp, type Op } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import type { Launch } from '../../tensor/backend.js';
import { launchThreads } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import { formatShape, requireFloats, type Shape, sameShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import maxPool2dWgsl from '../wgsl/maxPool2d.wgsl.js';
import gatherWgsl from '../wgsl/maxPool2dGather.wgsl.js';
import gradWgsl from '../wgsl/maxPool2dGrad.wgsl.js';
import {
  eachPixel,
  lanesOf,
  POOL_DEFAULTS,
  type PoolAttrs,
  UNPOOL_DEFAULTS,
  type UnpoolAttrs,
  windowParams,
  windowsOf,
  windowsOver,
} from './poolWindow.js';

const pools = /* @__PURE__ */ programs('maxPool2d', maxPool2dWgsl);
const gradients = /* @__PURE__ */ programs('maxPool2dGrad', gradWgsl);
const gathers = /* @__PURE__ */ programs('maxPool2dGather', gatherWgsl);

/**
 * Largest value of each window, `y[n,p,q,c] = max_{r,s} x[n, p stride + r - padding, q stride + s - padding, c]`.
 *
 * Padding never wins, the first of equal values takes the gradient, a NaN wins over every number.
 *
 * @param x [N, H, W, C], float32 or float16
 * @returns [N, P, Q, C], `P = floor((H + 2 padding - kernel) / stride) + 1`
 * @throws ShapeError if no window fits or the padding is more than half of the kernel
 */
export const maxPool2d: Op<[x: Tensor], PoolAttrs> = /* @__PURE__ */ defineOp({
  name: 'maxPool2d',
  arity: 1,
  attrs: POOL_DEFAULTS,
  half: [0],
  shape([x], attrs) {
    const { N, P, Q, C } = windowsOver('maxPool2d', x.shape, attrs);
    const shape = [N, P, Q, C];
    return [
      { shape, dtype: x.dtype },
      { shape, dtype: 'uint32' },
    ];
  },
  reference([x], [y, index], attrs) {
    const windows = windowsOver('maxPool2d', x.shape, attrs);
    const { H, W, C } = windows;
    index.data.fill(UNSEEN);
    eachPixel(windows, (window, pixel) => {
      const v = x.data[pixel];
      const best = y.data[window];
      const wins = (v > best || Number.isNaN(v)) && !Number.isNaN(best);
      if (index.data[window] !== UNSEEN && !wins) return;
      y.data[window] = v;
      index.data[window] = Math.floor(pixel / C) % (H * W);
    });
  },
  launches([x], [y, index], attrs): Launch[] {
    const lanes = lanesOf(x);
    const params = windowParams(windowsOver('maxPool2d', x.shape, attrs), lanes);
    return [launchThreads(y.size / lanes, pools(lanes), [x], [y, index], params)];
  },
  vjp: (g, { inputs: [x], outputs: [, index], attrs }) => [
    () => maxPool2dGrad(g, index, { ...attrs, size: [x.shape[1], x.shape[2]] }),
  ],
  keep: { inputs: [], outputs: [1] },
});

const UNSEEN = 0xffffffff;

/**
 * @internal Gradient of max pooling, `dx[n,h,w,c] = sum of g[n,p,q,c] over the windows whose index[n,p,q,c] is h W + w`.
 *
 * @param g [N, P, Q, C], float32 or float16
 * @param index uint32 [N, P, Q, C], the pixel `h W + w` that each window chose
 * @returns [N, H, W, C] for `size` = [H, W]
 */
export const maxPool2dGrad: Op<[g: Tensor, index: Tensor], UnpoolAttrs> = /* @__PURE__ */ defineOp({
  name: 'maxPool2dGrad',
  arity: 2,
  attrs: UNPOOL_DEFAULTS,
  anyDType: true,
  half: [0],
  shape([g, index], attrs) {
    requireFloats('maxPool2dGrad', [g]);
    const { N, H, W, C } = windowsOf('maxPool2dGrad', g.shape, attrs);
    checkIndex('maxPool2dGrad', index, g.shape);
    return { shape: [N, H, W, C], dtype: g.dtype };
  },
  reference([g, index], [dx], attrs) {
    dx.data.fill(0);
    const { P, Q, C } = windowsOf('maxPool2dGrad', g.shape, attrs);
    const [H, W] = attrs.size;
    g.data.forEach((v, i) => {
      const n = Math.floor(i / (P * Q * C));
      dx.data[(n * H * W + index.data[i]) * C + (i % C)] += v;
    });
  },
  launches([g, index], [dx], attrs): Launch[] {
    const lanes = lanesOf(g);
    const params = windowParams(windowsOf('maxPool2dGrad', g.shape, attrs), lanes);
    return [launchThreads(dx.size / lanes, gradients(lanes), [g, index], [dx], params)];
  },
  vjp: (g, { inputs: [, index], attrs }) => [() => maxPool2dGather(g, index, attrs), null],
  keep: { inputs: [1] },
});

/**
 * @internal Values at the pixels that max pooling chose, `y[n,p,q,c] = x[n, index[n,p,q,c], c]`: the dual of `maxPool2dGrad`.
 *
 * @param x [N, H, W, C], float32 or float16
 * @param index uint32 [N, P, Q, C], the pixel `h W + w` of each window
 * @returns [N, P, Q, C]
 */
export const maxPool2dGather: Op<[x: Tensor, index: Tensor], UnpoolAttrs> = /* @__PURE__ */ defineOp({
  name: 'maxPool2dGather',
  arity: 2,
  attrs: UNPOOL_DEFAULTS,
  anyDType: true,
  half: [0],
  shape([x, index], attrs) {
    requireFloats('maxPool2dGather', [x]);
    const { N, P, Q, C } = windowsOver('maxPool2dGather', x.shape, attrs);
    checkIndex('maxPool2dGather', index, [N, P, Q, C]);
    return { shape: index.shape, dtype: x.dtype };
  },
  reference([x, index], [y]) {
    const [N, H, W, C] = x.shape;
    const perImage = y.data.length / N;
    index.data.forEach((pixel, i) => {
      y.data[i] = x.data[(Math.floor(i / perImage) * H * W + pixel) * C + (i % C)];
    });
  },
  launches([x, index], [y], attrs): Launch[] {
    const lanes = lanesOf(x);
    const params = windowParams(windowsOver('maxPool2dGather', x.shape, attrs), lanes);
    return [launchThreads(y.size / lanes, gathers(lanes), [x, index], [y], params)];
  },
  vjp: (g, { inputs: [, index], attrs }) => [() => maxPool2dGrad(g, index, attrs), null],
  keep: { inputs: [1] },
});

function checkIndex(op: string, index: { readonly shape: Shape; readonly dtype: string }, shape: Shape): void {
  if (index.dtype === 'uint32' && sameShape(index.shape, shape)) return;
  throw new ShapeError(
    `${op}: index must be uint32 ${formatShape(shape)}, got ${index.dtype} ${formatShape(index.shape)}; ` +
      'take the one that maxPool2d made',
  );
}

/** Pixels that windows of [2, 1] with stride [2, 1] over [2, 3, 1] images of one channel may choose. */
const CHOICE = { shape: [2, 1, 3, 1], dtype: 'uint32', values: [0, 4, 2, 3, 1, 5] } as const;
const CHOSEN = { kernel: [2, 1], padding: [0, 0], size: [2, 3] } as const;

export const maxPool2dCases = (): OpCases => ({
  op: maxPool2d,
  samples: [
    { inputs: [{ shape: [2, 6, 5, 3], distinct: true }], attrs: { kernel: 3, stride: 2, padding: 1 } },
    { inputs: [{ shape: [1, 5, 7, 4], distinct: true }], attrs: { kernel: [2, 3], stride: [1, 2], padding: [1, 0] } },
    { inputs: [{ shape: [3, 4, 1, 1], distinct: true }], attrs: { kernel: [2, 1], stride: [3, 1] } },
    { inputs: [{ shape: [1, 6, 5, 8], distinct: true }] },
  ],
  errors: [
    { inputs: [{ shape: [6, 5, 3] }], message: /\[N, H, W, C\]/ },
    { inputs: [{ shape: [1, 6, 5, 3] }], attrs: { kernel: [7, 2] }, message: /does not fit/ },
    { inputs: [{ shape: [1, 6, 5, 3] }], attrs: { padding: [2, 2] }, message: /more than half/ },
    { inputs: [{ shape: [1, 6, 5, 3] }], attrs: { kernel: [0, 2] }, message: /pairs of integers/ },
  ],
  bench: [
    {
      name: 'ResNet stem, batch 32 at 256x192',
      inputs: [{ shape: [32, 128, 96, 64] }],
      attrs: { kernel: 3, stride: 2, padding: 1 },
      flop: 9 * 32 * 64 * 48 * 64,
      bytes: 4 * 32 * 64 * (128 * 96 + 2 * 64 * 48),
    },
  ],
});

export const maxPool2dGradCases = (): OpCases => ({
  op: maxPool2dGrad,
  samples: [{ inputs: [{ shape: [2, 1, 3, 1] }, CHOICE], attrs: CHOSEN }],
  errors: [
    {
      inputs: [{ shape: [2, 1, 2, 1] }, { shape: [2, 1, 2, 1], dtype: 'uint32' }],
      attrs: CHOSEN,
      message: /1 x 3 windows/,
    },
    { inputs: [{ shape: [2, 1, 3, 1] }, { shape: [2, 1, 3, 1] }], attrs: CHOSEN, message: /index must be uint32/ },
  ],
  bench: [
    {
      name: 'ResNet stem, batch 32 at 256x192',
      inputs: [{ shape: [32, 64, 48, 64] }, { shape: [32, 64, 48, 64], dtype: 'uint32' }],
      attrs: { kernel: 3, stride: 2, padding: 1, size: [128, 96] },
      flop: 9 * 32 * 64 * 48 * 64,
      bytes: 4 * 32 * 64 * (128 * 96 + 2 * 64 * 48),
      timedOnly: true,
    },
  ],
});

export const maxPool2dGatherCases = (): OpCases => ({
  op: maxPool2dGather,
  samples: [
    { inputs: [{ shape: [2, 2, 3, 1] }, CHOICE], attrs: CHOSEN },
    {
      inputs: [{ shape: [1, 2, 1, 4] }, { shape: [1, 1, 1, 4], dtype: 'uint32', values: [1, 0, 0, 1] }],
      attrs: { kernel: [2, 1], padding: [0, 0], size: [2, 1] },
    },
  ],
  errors: [
    {
      inputs: [{ shape: [2, 2, 3, 1] }, { shape: [2, 1, 2, 1], dtype: 'uint32' }],
      attrs: CHOSEN,
      message: /index must be/,
    },
  ],
  bench: [],
});
