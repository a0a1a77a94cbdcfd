import type { Launch, LaunchContext } from '../../tensor/backend.js';
import { grid } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import type { Tensor } from '../../tensor/tensor.js';
import conv2dWgsl from '../wgsl/conv2d.wgsl.js';
import conv2dBlockedWgsl from '../wgsl/conv2dBlocked.wgsl.js';
import conv2dDirectWgsl from '../wgsl/conv2dDirect.wgsl.js';
import { BASE_WORD, convWords } from '../wgsl/convParams.wgsl.js';
import type { Tile } from '../wgsl/tile.wgsl.js';
import { type ConvGeometry, convFlop, isPointwise } from './convGeometry.js';
import { depthwiseLaunch } from './depthwise.js';
import { type BoundEpilogue, NO_EPILOGUE } from './epilogue.js';
import { matmulLaunches } from './product.js';
import { selectConv, selectPlan, tileGrid } from './select.js';
import { type BlockPlan, blockGrid } from './selectBlock.js';
import { sumPartials } from './sumPartials.js';

const tiles = /* @__PURE__ */ programs('conv2d', conv2dWgsl);
const blocks = /* @__PURE__ */ programs('conv2d', conv2dBlockedWgsl);
const directs = /* @__PURE__ */ programs('conv2d direct', conv2dDirectWgsl);

/** The launches of a convolution that ends with an epilogue: a matrix product where the filters are single taps. */
export function conv2dLaunches(
  geometry: ConvGeometry,
  x: Tensor,
  filter: Tensor,
  y: Tensor,
  context: LaunchContext,
  bound: BoundEpilogue = NO_EPILOGUE,
): Launch[] {
  const { batch, outSize, inC, outC, kernel, groups } = geometry;
  const rows = batch * outSize[0] * outSize[1];
  if (isPointwise(geometry)) {
    const product = { batch: 1, M: rows, N: outC, K: inC, strideA: 0, strideB: 0, transA: false, transB: false };
    return matmulLaunches(product, x, filter, y, context, bound);
  }
  const kind = selectConv(geometry);
  if (kind === 'depthwise') return [depthwiseLaunch('forward', geometry, x, filter, y, bound)];
  if (kind === 'direct') return [direct(geometry, x, filter, y, bound)];
  const depth = kernel[0] * kernel[1] * (inC / groups);
  const plan = selectPlan({ op: 'conv2d', rows, columns: outC / groups, depth, count: groups }, context.capabilities);
  return 'block' in plan
    ? blocked(plan, geometry, x, filter, y, context, bound)
    : [tiled(plan.tile, geometry, x, filter, y, bound)];
}

function vecs({ inC, outC, groups }: ConvGeometry) {
  return { vecC: (inC / groups) % 4 === 0, vecK: (outC / groups) % 4 === 0 };
}

function direct(geometry: ConvGeometry, x: Tensor, filter: Tensor, y: Tensor, bound: BoundEpilogue): Launch {
  return {
    program: directs(bound.epilogue),
    read: [x, filter, ...bound.operands],
    write: [y],
    params: convWords(geometry, 0, bound.eps),
    grid: grid(y.size),
  };
}

function tiled(tile: Tile, geometry: ConvGeometry, x: Tensor, filter: Tensor, y: Tensor, bound: BoundEpilogue): Launch {
  const { batch, outSize, outC, groups } = geometry;
  return {
    program: tiles({ tile, ...vecs(geometry), epilogue: bound.epilogue }),
    read: [x, filter, ...bound.operands],
    write: [y],
    params: convWords(geometry, 0, bound.eps),
    grid: [...tileGrid(tile, batch * outSize[0] * outSize[1], outC / groups), groups],
    split: { axis: 1, word: BASE_WORD, flop: convFlop(geometry) },
  };
}

function blocked(
  { block, splits }: BlockPlan,
  geometry: ConvGeometry,
  x: Tensor,
  filter: Tensor,
  y: Tensor,
  { scratch }: LaunchContext,
  bound: BoundEpilogue,
): Launch[] {
  const { batch, outSize, inC, outC, groups, kernel, dilation } = geometry;
  const flags = { ...vecs(geometry), wholeRows: groups === 1 && dilation[1] === 1 };
  const [runs, run] = flags.wholeRows ? [kernel[0], kernel[1] * inC] : [kernel[0] * kernel[1], inC / groups];
  const slabs = runs * Math.ceil(run / block.depth);
  const chunk = Math.ceil(slabs / splits);
  const parts = Math.ceil(slabs / chunk);
  const early = parts > 1 ? NO_EPILOGUE : bound;
  const partial = parts > 1 ? scratch(parts * y.size) : y;
  const rows = batch * outSize[0] * outSize[1];
  const launches: Launch[] = [
    {
      program: blocks({ block, ...flags, epilogue: early.epilogue }),
      read: [x, filter, ...early.operands],
      write: [partial],
      params: convWords(geometry, chunk, early.eps),
      grid: [...blockGrid(block, { rows, columns: outC / groups }), groups * parts],
      split: { axis: 1, word: BASE_WORD, flop: convFlop(geometry) },
    },
  ];
  if (parts > 1) launches.push(sumPartials(partial, y, parts, bound));
  return launches;
}
