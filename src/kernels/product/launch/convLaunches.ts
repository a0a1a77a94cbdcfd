import type { Capabilities, Launch, LaunchContext } from '../../../tensor/backend.js';
import { grid } from '../../../tensor/grid.js';
import { programs } from '../../../tensor/programs.js';
import type { Tensor } from '../../../tensor/tensor.js';
import conv2dWgsl from '../../wgsl/conv2d.wgsl.js';
import conv2dBlockedWgsl from '../../wgsl/conv2dBlocked.wgsl.js';
import conv2dDirectWgsl from '../../wgsl/conv2dDirect.wgsl.js';
import conv2dInputWgsl from '../../wgsl/conv2dInput.wgsl.js';
import conv2dInputBlockedWgsl from '../../wgsl/conv2dInputBlocked.wgsl.js';
import conv2dInputDirectWgsl from '../../wgsl/conv2dInputDirect.wgsl.js';
import conv2dWeightWgsl from '../../wgsl/conv2dWeight.wgsl.js';
import conv2dWeightBlockedWgsl from '../../wgsl/conv2dWeightBlocked.wgsl.js';
import conv2dWeightDirectWgsl from '../../wgsl/conv2dWeightDirect.wgsl.js';
import { BASE_WORD, convWords } from '../../wgsl/convParams.wgsl.js';
import type { Epilogue } from '../../wgsl/epilogue.wgsl.js';
import type { Tile } from '../../wgsl/tile.wgsl.js';
import { type ConvGeometry, type Convolution, convFlop, isPointwise } from '../convGeometry.js';
import type { Plan, ProductShape } from './blockPlans.js';
import { depthwiseKernel, depthwiseWeightKernel } from './depthwise.js';
import { type BoundEpilogue, NO_EPILOGUE } from './epilogue.js';
import { cutInto, launchProduct, type ProductKernel, type Ranges, WHOLE } from './launchProduct.js';
import { matmulLaunches, type ProductGeometry } from './matmulLaunches.js';
import { isNarrow, planGrid, selectConv, selectPlan, selectTile, selectWeightChunk, weightGrid } from './select.js';

const TILES = {
  conv2d: /* @__PURE__ */ programs('conv2d', conv2dWgsl),
  conv2dInput: /* @__PURE__ */ programs('conv2dInput', conv2dInputWgsl),
  conv2dWeight: /* @__PURE__ */ programs('conv2dWeight', conv2dWeightWgsl),
};
const BLOCKS = {
  conv2d: /* @__PURE__ */ programs('conv2d', conv2dBlockedWgsl),
  conv2dInput: /* @__PURE__ */ programs('conv2dInput', conv2dInputBlockedWgsl),
  conv2dWeight: /* @__PURE__ */ programs('conv2dWeight', conv2dWeightBlockedWgsl),
};
const DIRECT = {
  conv2d: /* @__PURE__ */ programs('conv2d direct', conv2dDirectWgsl),
  conv2dInput: /* @__PURE__ */ programs('conv2dInput direct', (_: Epilogue) => conv2dInputDirectWgsl()),
  conv2dWeight: /* @__PURE__ */ programs('conv2dWeight direct', (_: Epilogue) => conv2dWeightDirectWgsl()),
};

/** The launches of a convolution, which is a matrix product where the filters are single taps. */
export function convLaunches(
  op: Convolution,
  geometry: ConvGeometry,
  [a, b, y]: readonly [a: Tensor, b: Tensor, y: Tensor],
  context: LaunchContext,
  bound: BoundEpilogue = NO_EPILOGUE,
): Launch[] {
  const { capabilities } = context;
  if (isPointwise(geometry) && (op !== 'conv2dWeight' || capabilities.tier === 'gpu')) {
    return matmulLaunches(pointwise(op, geometry), a, b, y, context, bound);
  }
  const kernel = kernelOf(op, geometry, y, capabilities);
  return launchProduct(kernel, (chunk, eps) => convWords(geometry, chunk, eps), [a, b, y], context, bound);
}

function pixelsOf({ batch, outSize }: ConvGeometry): number {
  return batch * outSize[0] * outSize[1];
}

function pointwise(op: Convolution, geometry: ConvGeometry): ProductGeometry {
  const { inC, outC } = geometry;
  const pixels = pixelsOf(geometry);
  const plain = { batch: 1, strideA: 0, strideB: 0, transA: false, transB: false };
  if (op === 'conv2d') return { ...plain, M: pixels, N: outC, K: inC };
  if (op === 'conv2dInput') return { ...plain, M: pixels, N: inC, K: outC, transB: true };
  return { ...plain, M: inC, N: outC, K: pixels, transA: true };
}

function kernelOf(op: Convolution, geometry: ConvGeometry, y: Tensor, capabilities: Capabilities): ProductKernel {
  const kind = selectConv(geometry);
  if (kind === 'depthwise') {
    if (op === 'conv2dWeight') return depthwiseWeightKernel(geometry, y, capabilities);
    return depthwiseKernel(op === 'conv2d' ? 'forward' : 'input', geometry, y, capabilities);
  }
  if (kind === 'direct') {
    const ranges = tileRanges(op, selectTile(capabilities), geometry, capabilities);
    return { ...ranges, program: DIRECT[op], grid: grid(ranges.parts * y.size) };
  }
  const shape = shapeOf(op, geometry);
  const plan = selectPlan(shape, capabilities);
  const { inC, outC, groups, dilation, stride } = geometry;
  const flags = {
    vecC: (inC / groups) % 4 === 0,
    vecK: (outC / groups) % 4 === 0,
    wholeRows: op === 'conv2d' && groups === 1 && dilation[1] === 1,
    narrow: op === 'conv2dWeight' && isNarrow(geometry),
    ...(op === 'conv2dInput' &&
      stride.some((n) => n > 1) && { strided: stride.map((n, i) => [n, dilation[i]] as const) }),
  };
  const ranges =
    'tile' in plan
      ? tileRanges(op, plan.tile, geometry, capabilities)
      : blockRanges(op, plan, geometry, flags.wholeRows);
  const across = op === 'conv2dWeight' && 'tile' in plan ? weightGrid(plan.tile, geometry) : planGrid(plan, shape);
  return {
    ...ranges,
    program: (epilogue) =>
      'tile' in plan
        ? TILES[op]({ tile: plan.tile, ...flags, epilogue })
        : BLOCKS[op]({
            ...{ block: plan.block, subgroup: capabilities.narrowSubgroup, ...flags, epilogue },
            whole: runOf(op, geometry, flags.wholeRows) % plan.block.depth === 0,
          }),
    grid: [...across, shape.count * ranges.parts],
    split: { word: BASE_WORD, flop: convFlop(geometry) },
  };
}

/** The convolution as an implicit matrix product; a gradient for the input is one for each class of pixels of a stride. */
function shapeOf(op: Convolution, geometry: ConvGeometry): ProductShape {
  const { batch, inSize, inC, outC, kernel, groups, stride } = geometry;
  const taps = kernel[0] * kernel[1];
  const pixels = pixelsOf(geometry);
  const [groupC, groupK] = [inC / groups, outC / groups];
  if (op === 'conv2d') return { op, rows: pixels, columns: groupK, depth: taps * groupC, count: groups };
  if (op === 'conv2dWeight') return { op, rows: taps * groupC, columns: groupK, depth: pixels, count: groups };
  const rows = batch * Math.ceil(inSize[0] / stride[0]) * Math.ceil(inSize[1] / stride[1]);
  const classes = stride[0] * stride[1];
  return { op, rows, columns: groupC, depth: Math.ceil(taps / classes) * groupK, count: groups * classes };
}

/** Of the kernels without blocks only the gradient for the filters cuts its sum, because only that one is long. */
function tileRanges(op: Convolution, tile: Tile, geometry: ConvGeometry, capabilities: Capabilities): Ranges {
  if (op !== 'conv2dWeight') return WHOLE;
  const chunk = selectWeightChunk(geometry, tile, capabilities);
  return { chunk, parts: Math.ceil(pixelsOf(geometry) / chunk) };
}

/** How much of a sum lies side by side in memory; slabs do not cross from one such run to the next. */
function runOf(op: Convolution, geometry: ConvGeometry, wholeRows: boolean): number {
  const { inC, outC, kernel, groups } = geometry;
  if (op === 'conv2dInput') return outC / groups;
  if (op === 'conv2dWeight') return pixelsOf(geometry);
  return wholeRows ? kernel[1] * inC : inC / groups;
}

/**
 * Ranges of slabs. The gradient for the input is told only how many, because each of its classes of pixels has a sum of
 * another length.
 */
function blockRanges(
  op: Convolution,
  { block, splits }: Exclude<Plan, { tile: Tile }>,
  geometry: ConvGeometry,
  wholeRows: boolean,
): Ranges {
  const { kernel } = geometry;
  if (op === 'conv2dInput') return { chunk: splits, parts: splits };
  const slabs = Math.ceil(runOf(op, geometry, wholeRows) / block.depth);
  if (op === 'conv2dWeight') return cutInto(splits, slabs);
  return cutInto(splits, (wholeRows ? kernel[0] : kernel[0] * kernel[1]) * slabs);
}
