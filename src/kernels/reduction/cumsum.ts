import type { OpCases } from '../../autograd/cases.js';
import type { Op } from '../../autograd/op.js';
import type { Tensor } from '../../tensor/tensor.js';
import { defineScan, type ScanAttrs } from './scan.js';

/** Running sum along an axis, `y_r = sum_{q <= r} x_q`; its own dual in reverse. */
export const cumsum: Op<[x: Tensor], ScanAttrs> = /* @__PURE__ */ defineScan({
  name: 'cumsum',
  initial: 0,
  value: (a, b) => a + b,
  combine: 'a + b',
  vjp: (g, { attrs: { axis, reverse } }) => [() => cumsum(g, { axis, reverse: !reverse })],
  keep: { inputs: [] },
});

export const cumsumCases = (): OpCases => ({
  op: cumsum,
  samples: [
    { inputs: [{ shape: [5] }] },
    { inputs: [{ shape: [3, 4] }], attrs: { reverse: true } },
    { inputs: [{ shape: [2, 5, 3] }], attrs: { axis: 1 } },
    { inputs: [{ shape: [3, 1, 2] }], attrs: { axis: 0, reverse: true } },
    { inputs: [{ shape: [1, 4] }], attrs: { axis: 0 } },
    { inputs: [{ shape: [2, 131, 3] }], attrs: { axis: 1 }, order: 1 },
    { inputs: [{ shape: [4099] }], attrs: { reverse: true }, order: 1 },
    { inputs: [{ shape: [7], dtype: 'int32', lo: -9, hi: 9 }] },
  ],
  errors: [
    { inputs: [{ shape: [2, 3] }], attrs: { axis: -3 }, message: /cumsum: axis -3 is out of range for rank 2/ },
    { inputs: [{ shape: [] }], message: /cumsum: axis -1 is out of range for rank 0/ },
  ],
  bench: [{ name: '1024x4096', inputs: [{ shape: [1024, 4096] }], flop: 4_194_304, bytes: 33_554_432 }],
});
