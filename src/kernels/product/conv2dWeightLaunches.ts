import type { Capabilities, Launch, LaunchContext } from '../../tensor/backend.js';
import { grid } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import type { Tensor } from '../../tensor/tensor.js';
import conv2dWeightWgsl from '../wgsl/conv2dWeight.wgsl.js';
import conv2dWeightBlockedWgsl from '../wgsl/conv2dWeightBlocked.wgsl.js';
import conv2dWeightDirectWgsl from '../wgsl/conv2dWeightDirect.wgsl.js';
import { BASE_WORD, convWords } from '../wgsl/convParams.wgsl.js';
import type { Tile } from '../wgsl/tile.wgsl.js';
import { type ConvGeometry, convFlop, isPointwise } from './convGeometry.js';
import { depthwiseWeightLaunches } from './depthwise.js';
import { matmulLaunches } from './product.js';
import { isNarrow, selectConv, selectPlan, selectTile, selectWeightChunk, weightGrid } from './select.js';
import { type BlockPlan, blockGrid } from './selectBlock.js';
import { sumPartials } from './sumPartials.js';

const tiles = /* @__PURE__ */ programs('conv2dWeight', conv2dWeightWgsl);
const blocks = /* @__PURE__ */ programs('conv2dWeight', conv2dWeightBlockedWgsl);
const directs = /* @__PURE__ */ programs('conv2dWeight direct', conv2dWeightDirectWgsl);

/** A kernel of the first stage, which sums ranges of output pixels: `splits` of them, of `chunk` units of its own each. */
interface Stage extends Pick<Launch, 'program' | 'grid' | 'split'> {
  readonly chunk: number;
  readonly splits: number;
}

/** The launches of a weight gradient: one kernel over ranges of pixels, and a second stage that adds them in order. */
export function conv2dWeightLaunches(
  geometry: ConvGeometry,
  x: Tensor,
  g: Tensor,
  df: Tensor,
  context: LaunchContext,
): Launch[] {
  const { capabilities, scratch } = context;
  const kind = selectConv(geometry);
  if (kind === 'depthwise') return depthwiseWeightLaunches(geometry, x, g, df, context);
  if (capabilities.tier === 'gpu' && isPointwise(geometry)) {
    const [M, N, K] = [geometry.inC, geometry.outC, pixelsOf(geometry)];
    const product = { batch: 1, M, N, K, strideA: 0, strideB: 0, transA: true, transB: false };
    return matmulLaunches(product, x, g, df, context);
  }
  const stage = kind === 'direct' ? direct(geometry, df, capabilities) : product(geometry, capabilities);
  const { splits, chunk, ...kernel } = stage;
  const partial = splits > 1 ? scratch(splits * df.size) : df;
  const launch = { ...kernel, read: [x, g], write: [partial], params: convWords(geometry, chunk) };
  return splits > 1 ? [launch, sumPartials(partial, df, splits)] : [launch];
}

function pixelsOf({ batch, outSize }: ConvGeometry): number {
  return batch * outSize[0] * outSize[1];
}

function direct(geometry: ConvGeometry, df: Tensor, capabilities: Capabilities): Stage {
  const chunk = selectWeightChunk(geometry, selectTile(capabilities), capabilities);
  const splits = Math.ceil(pixelsOf(geometry) / chunk);
  return { program: directs(), grid: grid(splits * df.size), chunk, splits };
}

function product(geometry: ConvGeometry, capabilities: Capabilities): Stage {
  const { kernel, inC, outC, groups } = geometry;
  const [rows, columns] = [kernel[0] * kernel[1] * (inC / groups), outC / groups];
  const shape = { op: 'conv2dWeight', rows, columns, depth: pixelsOf(geometry), count: groups };
  const plan = selectPlan(shape, capabilities);
  return 'block' in plan ? blocked(plan, geometry, rows) : tiled(plan.tile, geometry, capabilities);
}

function tiled(tile: Tile, geometry: ConvGeometry, capabilities: Capabilities): Stage {
  const chunk = selectWeightChunk(geometry, tile, capabilities);
  const splits = Math.ceil(pixelsOf(geometry) / chunk);
  const code = tiles({ tile, narrow: isNarrow(geometry), ...vecs(geometry) });
  const z = geometry.groups * splits;
  return { program: code, grid: [...weightGrid(tile, geometry), z], split: splitOf(geometry), chunk, splits };
}

function blocked({ block, splits: wanted }: BlockPlan, geometry: ConvGeometry, rows: number): Stage {
  const slabs = Math.ceil(pixelsOf(geometry) / block.depth);
  const chunk = Math.ceil(slabs / wanted);
  const splits = Math.ceil(slabs / chunk);
  const code = blocks({ block, ...vecs(geometry) });
  const across = blockGrid(block, { rows, columns: geometry.outC / geometry.groups });
  return { program: code, grid: [...across, geometry.groups * splits], split: splitOf(geometry), chunk, splits };
}

function splitOf(geometry: ConvGeometry): Launch['split'] {
  return { axis: 1, word: BASE_WORD, flop: convFlop(geometry) };
}

function vecs({ inC, outC, groups }: ConvGeometry) {
  return { vecC: (inC / groups) % 4 === 0, vecK: (outC / groups) % 4 === 0 };
}
