import type { OpCases } from '../../autograd/cases.js';
import { defineOp, type Op } from '../../autograd/op.js';
import type { Launch } from '../../tensor/backend.js';
import { launchThreads } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import type { Tensor } from '../../tensor/tensor.js';
import avgPool2dWgsl from '../wgsl/avgPool2d.wgsl.js';
import gradWgsl from '../wgsl/avgPool2dGrad.wgsl.js';
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

const pools = /* @__PURE__ */ programs('avgPool2d', avgPool2dWgsl);
const gradients = /* @__PURE__ */ programs('avgPool2dGrad', gradWgsl);

/**
 * Mean of each window, `y[n,p,q,c] = 1/(R S) sum_{r,s} x[n, p stride + r - padding, q stride + s - padding, c]`.
 *
 * Padding counts as zeros (PyTorch's `count_include_pad=True`).
 *
 * @param x [N, H, W, C], float32 or float16
 * @returns [N, P, Q, C], `P = floor((H + 2 padding - kernel) / stride) + 1`
 * @throws ShapeError if no window fits or the padding is more than half of the kernel
 */
export const avgPool2d: Op<[x: Tensor], PoolAttrs> = /* @__PURE__ */ defineOp({
  name: 'avgPool2d',
  arity: 1,
  attrs: POOL_DEFAULTS,
  half: [0],
  shape([x], attrs) {
    const { N, P, Q, C } = windowsOver('avgPool2d', x.shape, attrs);
    return { shape: [N, P, Q, C], dtype: x.dtype };
  },
  reference([x], [y], attrs) {
    const windows = windowsOver('avgPool2d', x.shape, attrs);
    const [R, S] = windows.kernel;
    y.data.fill(0);
    eachPixel(windows, (window, pixel) => {
      y.data[window] += x.data[pixel] / (R * S);
    });
  },
  launches([x], [y], attrs): Launch[] {
    const lanes = lanesOf(x);
    const params = windowParams(windowsOver('avgPool2d', x.shape, attrs), lanes);
    return [launchThreads(y.size / lanes, pools(lanes), [x], [y], params)];
  },
  vjp: (g, { inputs: [x], attrs }) => [() => avgPool2dGrad(g, { ...attrs, size: [x.shape[1], x.shape[2]] })],
  keep: { inputs: [] },
});

/**
 * @internal Gradient of average pooling, `dx[n,h,w,c] = 1/(R S) sum of g[n,p,q,c] over the windows that contain pixel (h, w)`.
 *
 * @param g [N, P, Q, C], float32 or float16
 * @returns [N, H, W, C] for `size` = [H, W]
 */
export const avgPool2dGrad: Op<[g: Tensor], UnpoolAttrs> = /* @__PURE__ */ defineOp({
  name: 'avgPool2dGrad',
  arity: 1,
  attrs: UNPOOL_DEFAULTS,
  half: [0],
  shape([g], attrs) {
    const { N, H, W, C } = windowsOf('avgPool2dGrad', g.shape, attrs);
    return { shape: [N, H, W, C], dtype: g.dtype };
  },
  reference([g], [dx], attrs) {
    const windows = windowsOf('avgPool2dGrad', g.shape, attrs);
    const [R, S] = windows.kernel;
    dx.data.fill(0);
    eachPixel(windows, (window, pixel) => {
      dx.data[pixel] += g.data[window] / (R * S);
    });
  },
  launches([g], [dx], attrs): Launch[] {
    const lanes = lanesOf(g);
    const params = windowParams(windowsOf('avgPool2dGrad', g.shape, attrs), lanes);
    return [launchThreads(dx.size / lanes, gradients(lanes), [g], [dx], params)];
  },
  vjp: (g, { attrs: { kernel, stride, padding } }) => [() => avgPool2d(g, { kernel, stride, padding })],
  keep: { inputs: [] },
});

export const avgPool2dCases = (): OpCases => ({
  op: avgPool2d,
  samples: [
    { inputs: [{ shape: [2, 6, 5, 3] }], attrs: { kernel: 3, stride: 2, padding: 1 } },
    { inputs: [{ shape: [1, 5, 7, 4] }], attrs: { kernel: [2, 3], stride: [3, 1], padding: [0, 1] } },
    { inputs: [{ shape: [2, 3, 5, 2] }], attrs: { kernel: [3, 5] } },
  ],
  errors: [
    { inputs: [{ shape: [6, 5, 3] }], message: /\[N, H, W, C\]/ },
    { inputs: [{ shape: [1, 6, 5, 3] }], attrs: { kernel: [7, 2] }, message: /does not fit/ },
  ],
  bench: [
    {
      name: 'ResNet-18 head, batch 32 at 256x192',
      inputs: [{ shape: [32, 8, 6, 512] }],
      attrs: { kernel: [8, 6] },
      flop: 32 * 48 * 512,
      bytes: 4 * 32 * 512 * 49,
    },
  ],
});

export const avgPool2dGradCases = (): OpCases => ({
  op: avgPool2dGrad,
  samples: [
    { inputs: [{ shape: [2, 3, 3, 3] }], attrs: { kernel: 3, stride: 2, padding: 1, size: [6, 5] } },
    { inputs: [{ shape: [1, 2, 7, 4] }], attrs: { kernel: [2, 3], stride: [3, 1], padding: [0, 1], size: [5, 7] } },
  ],
  errors: [{ inputs: [{ shape: [2, 3, 4, 3] }], attrs: { size: [6, 6] }, message: /3 x 3 windows/ }],
  bench: [
    {
      name: 'ResNet-18 head, batch 32 at 256x192',
      inputs: [{ shape: [32, 1, 1, 512] }],
      attrs: { kernel: [8, 6], padding: [0, 0], size: [8, 6] },
      flop: 32 * 48 * 512,
      bytes: 4 * 32 * 512 * 49,
    },
  ],
});
