import type { OpCases } from '../autograd/cases.js';
import { defineOp, type Op, type TensorSpec } from '../autograd/op.js';
import { ShapeError } from '../errors.js';
import { type Launch, program } from '../tensor/backend.js';
import { grid } from '../tensor/grid.js';
import { formatShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { conv2d } from './conv2d.js';
import { conv2dWeight } from './conv2dWeight.js';
import {
  CONV_DEFAULTS,
  type ConvAttrs,
  type ConvGeometry,
  convFlop,
  eachTap,
  forwardGeometry,
  inputShape,
  isPointwise,
  type Pair,
} from './convGeometry.js';
import { depthwiseLaunch } from './depthwise.js';
import { matmulLaunches } from './product.js';
import { depthwiseConvs, resnetConvs } from './resnetConvs.js';
import { selectConv, selectPlan, tileGrid } from './select.js';
import { blockGrid } from './selectBlock.js';
import { sumPartials } from './sumPartials.js';
import { blockLabel } from './wgsl/blocked.wgsl.js';
import conv2dInputWgsl from './wgsl/conv2dInput.wgsl.js';
import conv2dInputBlockedWgsl from './wgsl/conv2dInputBlocked.wgsl.js';
import conv2dInputDirectWgsl from './wgsl/conv2dInputDirect.wgsl.js';
import { BASE_WORD, convWords } from './wgsl/convParams.wgsl.js';
import { tileLabel } from './wgsl/tile.wgsl.js';

export interface Conv2dInputAttrs extends ConvAttrs {
  /** Height and width of the result: several input sizes give one output size, so it must be said. */
  readonly inputSize: Pair;
}

/**
 * Gradient of a convolution for its input, the adjoint of `x -> conv2d(x, filter)`,
 * `dx[n,h,w,c] = sum over r,s,k with h = p stride + r dilation - padding of g[n,p,q,k] filter[r,s,c,k]`.
 *
 * @param g [N, P, Q, K]. @param filter [R, S, C / groups, K].
 * @returns [N, H, W, C] with `[H, W] = inputSize`.
 * @throws ShapeError if a convolution of `inputSize` would not give the shape of `g`.
 */
export const conv2dInput: Op<[g: Tensor, filter: Tensor], Conv2dInputAttrs> = /* @__PURE__ */ defineOp({
  name: 'conv2dInput',
  attrs: { ...CONV_DEFAULTS, inputSize: [1, 1] },
  half: [0, 1],
  shape: ([g, filter], attrs) => ({ shape: inputShape(inputGeometry(g, filter, attrs)), dtype: g.dtype }),
  reference([g, filter], [dx], attrs) {
    const geometry = inputGeometry({ ...g, dtype: 'float32' }, { ...filter, dtype: 'float32' }, attrs);
    const { inC, outC, groups } = geometry;
    const [groupC, groupK] = [inC / groups, outC / groups];
    dx.data.fill(0);
    const [gs, fs, dxs] = [g.data, filter.data, dx.data];
    eachTap(geometry, (out, tap, pixel) => {
      for (let c = 0; c < inC; c++) {
        const k0 = Math.floor(c / groupC) * groupK;
        const from = (tap * groupC + (c % groupC)) * outC;
        let sum = 0;
        for (let k = k0; k < k0 + groupK; k++) sum += gs[out * outC + k] * fs[from + k];
        dxs[pixel * inC + c] += sum;
      }
    });
  },
  launches([g, filter], [dx], attrs, context) {
    const { capabilities, scratch } = context;
    const geometry = inputGeometry(g, filter, attrs);
    const { batch, inSize, inC, outC, kernel, groups, stride } = geometry;
    if (isPointwise(geometry)) {
      const [M, N, K] = [batch * inSize[0] * inSize[1], inC, outC];
      const product = { batch: 1, M, N, K, strideA: 0, strideB: 0, transA: false, transB: true };
      return matmulLaunches(product, g, filter, dx, context);
    }
    const kind = selectConv(geometry);
    if (kind === 'depthwise') return [depthwiseLaunch('input', geometry, g, filter, dx)];
    const params = convWords(geometry);
    if (kind === 'direct') {
      const direct = program('conv2dInput direct', () => conv2dInputDirectWgsl);
      return [{ program: direct, read: [g, filter], write: [dx], params, grid: grid(dx.size) }];
    }
    const rows = batch * Math.ceil(inSize[0] / stride[0]) * Math.ceil(inSize[1] / stride[1]);
    const classes = stride[0] * stride[1];
    const depth = Math.ceil((kernel[0] * kernel[1]) / classes) * (outC / groups);
    const shape = { op: 'conv2dInput', rows, columns: inC / groups, depth, count: groups * classes };
    const plan = selectPlan(shape, capabilities);
    const flags = { vecC: (inC / groups) % 4 === 0, vecK: (outC / groups) % 4 === 0 };
    const label = (kernel: string) => `conv2dInput ${kernel}${flags.vecC ? ' vecC' : ''}${flags.vecK ? ' vecK' : ''}`;
    const split = { axis: 1, word: BASE_WORD, flop: convFlop(geometry) } as const;
    if ('tile' in plan) {
      const { tile } = plan;
      const tiled = program(label(tileLabel(tile)), () => conv2dInputWgsl({ tile, ...flags }));
      const across = tileGrid(tile, rows, shape.columns);
      return [{ program: tiled, read: [g, filter], write: [dx], params, grid: [...across, shape.count], split }];
    }
    const { block, splits } = plan;
    const partial = splits > 1 ? scratch(splits * dx.size) : dx;
    const product: Launch = {
      program: program(label(blockLabel(block)), () => conv2dInputBlockedWgsl({ block, ...flags })),
      read: [g, filter],
      write: [partial],
      params: convWords(geometry, splits),
      grid: [...blockGrid(block, shape), shape.count * splits],
      split,
    };
    return splits > 1 ? [product, sumPartials(partial, dx, splits)] : [product];
  },
  vjp: (gy, { inputs: [g, filter], attrs }) => [
    () => conv2d(gy, filter, convOnly(attrs)),
    () => conv2dWeight(gy, g, { ...convOnly(attrs), kernel: [filter.shape[0], filter.shape[1]] }),
  ],
});

/** The geometry of the convolution whose adjoint this is. */
function inputGeometry(g: TensorSpec, filter: TensorSpec, attrs: Conv2dInputAttrs): ConvGeometry {
  if (g.shape.length !== 4 || filter.shape.length !== 4) {
    throw new ShapeError(
      `conv2dInput: g [N, P, Q, K] and filter [R, S, C / groups, K] must have rank 4, got ${formatShape(g.shape)} and ${formatShape(filter.shape)}`,
    );
  }
  const [batch, P, Q, K] = g.shape;
  const x = { shape: [batch, ...attrs.inputSize, filter.shape[2] * attrs.groups], dtype: g.dtype };
  const geometry = forwardGeometry('conv2dInput', x, filter, attrs);
  const [outH, outW] = geometry.outSize;
  if (outH !== P || outW !== Q || geometry.outC !== K) {
    throw new ShapeError(
      `conv2dInput: an input of ${attrs.inputSize.join('x')} gives an output of ${outH}x${outW}x${geometry.outC}, ` +
        `but g is ${formatShape(g.shape)}; mend inputSize, the filter or the attributes`,
    );
  }
  return geometry;
}

function convOnly({ stride, padding, dilation, groups }: ConvAttrs): ConvAttrs {
  return { stride, padding, dilation, groups };
}

export const conv2dInputCases = (): OpCases => ({
  op: conv2dInput,
  samples: [
    { inputs: [{ shape: [2, 5, 5, 5] }, { shape: [3, 2, 3, 5] }], attrs: { padding: 1, inputSize: [5, 4] } },
    {
      inputs: [{ shape: [1, 4, 3, 12] }, { shape: [3, 3, 8, 12] }],
      attrs: { stride: 2, padding: 1, inputSize: [7, 6] },
    },
    {
      inputs: [{ shape: [1, 4, 3, 8] }, { shape: [3, 3, 36, 8] }],
      attrs: { stride: 2, padding: 1, inputSize: [8, 5] },
    },
    { inputs: [{ shape: [2, 2, 3, 8] }, { shape: [1, 1, 4, 8] }], attrs: { stride: 2, inputSize: [4, 5] } },
    {
      inputs: [{ shape: [1, 4, 3, 6] }, { shape: [3, 3, 4, 6] }],
      attrs: { dilation: 2, padding: 1, inputSize: [6, 5] },
    },
    {
      inputs: [{ shape: [2, 5, 3, 12] }, { shape: [3, 3, 4, 12] }],
      attrs: { groups: 2, padding: 1, stride: [1, 2], inputSize: [5, 6] },
    },
    {
      inputs: [{ shape: [1, 3, 2, 6] }, { shape: [3, 3, 1, 6] }],
      attrs: { groups: 3, stride: 2, padding: 1, inputSize: [5, 4] },
    },
    {
      inputs: [{ shape: [2, 3, 4, 8] }, { shape: [3, 3, 1, 8] }],
      attrs: { groups: 8, stride: 2, padding: 1, inputSize: [5, 7] },
    },
    {
      inputs: [{ shape: [1, 8, 3, 4] }, { shape: [3, 2, 1, 4] }],
      attrs: { groups: 4, stride: [1, 3], dilation: [1, 2], padding: [2, 1], inputSize: [6, 9] },
    },
    { inputs: [{ shape: [1, 1, 1, 4] }, { shape: [1, 1, 3, 4] }], attrs: { stride: 2, inputSize: [1, 2] } },
  ],
  errors: [
    {
      inputs: [{ shape: [1, 4, 4, 5] }, { shape: [3, 3, 3, 5] }],
      attrs: { inputSize: [4, 4] },
      message: /gives an output of 2x2x5/,
    },
    { inputs: [{ shape: [4, 4, 5] }, { shape: [3, 3, 3, 5] }], attrs: { inputSize: [4, 4] }, message: /rank 4/ },
  ],
  bench: [...resnetConvs(), ...depthwiseConvs()].map(({ x, filter, y, attrs, ...rest }) => ({
    ...rest,
    inputs: [{ shape: y }, { shape: filter }],
    attrs: { ...attrs, inputSize: [x[1], x[2]] },
  })),
});
