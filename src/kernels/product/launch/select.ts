import type { Capabilities } from '../../../tensor/backend.js';
import { WEIGHT_ROWS } from '../../wgsl/conv2dWeight.wgsl.js';
import { groupExtent, type Tile, tilesPerGroup } from '../../wgsl/tile.wgsl.js';
import type { ConvGeometry } from '../convGeometry.js';
import {
  blockGrid,
  likelyPlans,
  PARTIAL_BYTES,
  type Plan,
  type ProductShape,
  planLabel,
  planNamed,
  questionOf,
  selectBlock,
} from './blockPlans.js';

/** Rows that a tile has where registers allow: 16 vec4 accumulators per lane. */
const TILE_ROWS = 16;
/** Subgroup sizes for which the broadcast kernels are generated; larger ones would broadcast more than they multiply. */
const BROADCAST_SIZES: readonly number[] = [4, 8, 16];

/**
 * The register tile for matrix products on software adapters.
 *
 * They pay for loads, not for arithmetic or broadcasts: a subgroup shares the left operand (16 x 32 outputs for 8 lanes;
 * 2.5 to 5 times the single-lane tile at 512 x 512 x 512 on llvmpipe). Where the subgroup size is not known a tile
 * belongs to one invocation (4 x 4 outputs), whose neighbours share loads through the cache.
 */
export function selectTile({ tier, subgroupSize }: Capabilities): Tile {
  if (tier === 'software' && BROADCAST_SIZES.includes(subgroupSize)) {
    return { lanes: subgroupSize, rowsPerLane: TILE_ROWS / subgroupSize };
  }
  return { lanes: 1, rowsPerLane: 4 };
}

/** With this many columns or fewer a subgroup that lies across them would leave three lanes of four idle, or more. */
const FEW_COLUMNS = 8;
/**
 * For few columns: a tile is one invocation, and those of a workgroup have the same columns and rows of their own. It
 * wants rows for two workgroups, so that two cores have one each.
 */
const TALL: Tile = { lanes: 1, rowsPerLane: 8, across: 1 };

/**
 * The tile of a product that does without blocks. On software adapters a product of many rows and few columns, such as an
 * image's gradient, takes `TALL` (on llvmpipe 2.4 to 3 times as fast for up to 4 columns, 1.1 to 1.4 times for 8, 0.9
 * times for 12). The gradient of a filter does not: there the lanes of a subgroup share the loads of pixels, and `TALL`
 * has 0.3 to 0.9 times the speed.
 */
function selectProductTile({ op, rows, columns }: ProductShape, capabilities: Capabilities): Tile {
  const tall = op !== 'conv2dWeight' && columns <= FEW_COLUMNS && rows >= 2 * groupExtent(TALL).rows;
  return capabilities.tier === 'software' && tall ? TALL : selectTile(capabilities);
}

/** The kernel of a matrix product, explicit or implicit: what was measured, else blocks on real GPUs and tiles elsewhere. */
export function selectPlan(shape: ProductShape, capabilities: Capabilities): Plan {
  const { choices, tier } = capabilities;
  const label = choices?.pick(questionOf(shape), () => planCandidates(shape, capabilities).map(planLabel));
  const measured = label === undefined ? undefined : planNamed(label);
  if (measured) return measured;
  return tier === 'gpu' ? selectBlock(shape, capabilities) : { tile: selectProductTile(shape, capabilities) };
}

/**
 * What `tune` compares, the built-in choice first. A tile for subgroups is among them only where subgroups have its very
 * size.
 */
function planCandidates(shape: ProductShape, capabilities: Capabilities): Plan[] {
  const { tier, subgroupSize } = capabilities;
  const chosen = selectProductTile(shape, capabilities);
  const tiles = [chosen, ...(chosen === TALL ? [selectTile(capabilities)] : []), { lanes: 1, rowsPerLane: 4 }];
  if (tier === 'software' && BROADCAST_SIZES.includes(subgroupSize))
    tiles.push({ lanes: subgroupSize, rowsPerLane: 32 / subgroupSize });
  const built = tier === 'gpu' ? [selectBlock(shape, capabilities)] : [];
  return [...built, ...tiles.map((tile) => ({ tile })), ...likelyPlans(shape, capabilities)];
}

/** Filters wider than this would print too long a depthwise kernel. */
const WIDEST_DEPTHWISE = 16;

/**
 * `tiled`: implicit matrix product. `depthwise`: one channel per group, in and out. `direct`: one invocation per element,
 * where groups are narrower than a vec4.
 */
export function selectConv({ groups, inC, outC, kernel }: ConvGeometry): 'tiled' | 'depthwise' | 'direct' {
  if (groups > 1 && groups === inC && groups === outC && kernel[1] <= WIDEST_DEPTHWISE) return 'depthwise';
  const narrow = (inC / groups) % 4 !== 0 || (outC / groups) % 4 !== 0;
  return groups > 1 && narrow ? 'direct' : 'tiled';
}

/** Invocations that keep an adapter busy. */
function busyInvocations({ tier, subgroupSize }: Capabilities): number {
  return tier === 'software' ? 16 * Math.max(subgroupSize, 8) : 1 << 15;
}

/**
 * How many ranges a sum over `depth` is split into, so that `invocations` (per range) times the ranges fill the adapter,
 * while each range keeps at least `least` terms and the partial results of `bytes` each stay within 32 MiB.
 */
export function selectSplits(
  invocations: number,
  depth: number,
  least: number,
  bytes: number,
  capabilities: Capabilities,
): number {
  const wanted = Math.ceil(busyInvocations(capabilities) / invocations);
  const most = Math.min(Math.ceil(depth / least), Math.floor(PARTIAL_BYTES / bytes));
  return Math.max(1, Math.min(wanted, most));
}

/** Output pixels per range of a weight gradient's sum, a multiple of the tile's lanes. */
export function selectWeightChunk(geometry: ConvGeometry, { lanes }: Tile, capabilities: Capabilities): number {
  const { batch, outSize, kernel, inC, outC, groups } = geometry;
  const pixels = batch * outSize[0] * outSize[1];
  const filters = kernel[0] * kernel[1] * (inC / groups) * outC;
  const tiles = weightRowTiles(geometry) * groups * Math.ceil(outC / groups / 4);
  const invocations = selectConv(geometry) === 'direct' ? filters : tiles;
  const splits = selectSplits(invocations, pixels, 128, 4 * filters, capabilities);
  return Math.ceil(Math.ceil(pixels / splits) / lanes) * lanes;
}

/** Workgroups along columns and rows of a product of `rows` x `columns` outputs. */
export function tileGrid(tile: Tile, rows: number, columns: number): [x: number, y: number] {
  const extent = groupExtent(tile);
  return [Math.ceil(columns / extent.columns), Math.ceil(rows / extent.rows)];
}

/** Workgroups along columns and rows of a product by this plan. */
export function planGrid(plan: Plan, shape: ProductShape): [x: number, y: number] {
  return 'tile' in plan ? tileGrid(plan.tile, shape.rows, shape.columns) : blockGrid(plan.block, shape);
}

/** Workgroups along columns and channel tiles of a weight gradient. */
export function weightGrid(tile: Tile, geometry: ConvGeometry): [x: number, y: number] {
  const { across, down } = tilesPerGroup(tile);
  const columns = Math.ceil(geometry.outC / geometry.groups / (4 * tile.lanes * across));
  return [columns, weightRowTiles(geometry, down)];
}

/** Whether a weight gradient's tiles take rows of several taps: one alone would not fill them. */
export function isNarrow({ inC, groups, kernel }: ConvGeometry): boolean {
  return kernel[0] * kernel[1] > 1 && inC / groups < WEIGHT_ROWS;
}

/** Tiles, or groups of `n` of them, over the rows of a filter. */
function weightRowTiles(geometry: ConvGeometry, n = 1): number {
  const { inC, groups, kernel } = geometry;
  const taps = kernel[0] * kernel[1];
  const most = n * WEIGHT_ROWS;
  return isNarrow(geometry) ? Math.ceil((taps * inC) / groups / most) : taps * Math.ceil(inC / groups / most);
}
