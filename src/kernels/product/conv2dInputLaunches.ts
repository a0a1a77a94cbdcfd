import type { Launch, LaunchContext } from '../../tensor/backend.js';
import { grid } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import type { Tensor } from '../../tensor/tensor.js';
import conv2dInputWgsl from '../wgsl/conv2dInput.wgsl.js';
import conv2dInputBlockedWgsl from '../wgsl/conv2dInputBlocked.wgsl.js';
import conv2dInputDirectWgsl from '../wgsl/conv2dInputDirect.wgsl.js';
import { BASE_WORD, convWords } from '../wgsl/convParams.wgsl.js';
import { type ConvGeometry, convFlop, isPointwise } from './convGeometry.js';
import { depthwiseLaunch } from './depthwise.js';
import { matmulLaunches } from './product.js';
import { selectConv, selectPlan, tileGrid } from './select.js';
import { blockGrid } from './selectBlock.js';
import { sumPartials } from './sumPartials.js';

const tiles = /* @__PURE__ */ programs('conv2dInput', conv2dInputWgsl);
const blocks = /* @__PURE__ */ programs('conv2dInput', conv2dInputBlockedWgsl);
const directs = /* @__PURE__ */ programs('conv2dInput direct', conv2dInputDirectWgsl);

/** The launches of an input gradient: one kernel, and a second stage where its sum is split. */
export function conv2dInputLaunches(
  geometry: ConvGeometry,
  g: Tensor,
  filter: Tensor,
  dx: Tensor,
  context: LaunchContext,
): Launch[] {
  const { capabilities, scratch } = context;
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
    return [{ program: directs(), read: [g, filter], write: [dx], params, grid: grid(dx.size) }];
  }
  const rows = batch * Math.ceil(inSize[0] / stride[0]) * Math.ceil(inSize[1] / stride[1]);
  const classes = stride[0] * stride[1];
  const depth = Math.ceil((kernel[0] * kernel[1]) / classes) * (outC / groups);
  const shape = { op: 'conv2dInput', rows, columns: inC / groups, depth, count: groups * classes };
  const plan = selectPlan(shape, capabilities);
  const flags = { vecC: (inC / groups) % 4 === 0, vecK: (outC / groups) % 4 === 0 };
  const split = { axis: 1, word: BASE_WORD, flop: convFlop(geometry) } as const;
  if ('tile' in plan) {
    const { tile } = plan;
    const tiled = tiles({ tile, ...flags });
    const across = tileGrid(tile, rows, shape.columns);
    return [{ program: tiled, read: [g, filter], write: [dx], params, grid: [...across, shape.count], split }];
  }
  const { block, splits } = plan;
  const partial = splits > 1 ? scratch(splits * dx.size) : dx;
  const product: Launch = {
    program: blocks({ block, ...flags }),
    read: [g, filter],
    write: [partial],
    params: convWords(geometry, splits),
    grid: [...blockGrid(block, shape), shape.count * splits],
    split,
  };
  return splits > 1 ? [product, sumPartials(partial, dx, splits)] : [product];
}
