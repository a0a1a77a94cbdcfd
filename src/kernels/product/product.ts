import type { Capabilities, Launch, LaunchContext } from '../../tensor/backend.js';
import { f32bits } from '../../tensor/backend.js';
import { programs } from '../../tensor/programs.js';
import type { Tensor } from '../../tensor/tensor.js';
import matmulWgsl from '../wgsl/matmul.wgsl.js';
import matmulBlockedWgsl from '../wgsl/matmulBlocked.wgsl.js';
import { groupExtent, type Tile } from '../wgsl/tile.wgsl.js';
import { type BoundEpilogue, NO_EPILOGUE } from './epilogue.js';
import { selectPlan, selectSplits, tileGrid } from './select.js';
import { type BlockPlan, blockGrid } from './selectBlock.js';
import { sumPartials } from './sumPartials.js';

const tiledProducts = /* @__PURE__ */ programs('matmul', matmulWgsl);
const blockedProducts = /* @__PURE__ */ programs('matmul', matmulBlockedWgsl);

/** Extents of a batched matrix product `Y [batch, M, N] = op(A) op(B)`; a stride of 0 uses one matrix for the whole batch. */
export interface ProductGeometry {
  readonly batch: number;
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly strideA: number;
  readonly strideB: number;
  readonly transA: boolean;
  readonly transB: boolean;
}

const BASE_WORD = 7;
/** Terms that a range of a split sum keeps at least. */
const LEAST_DEPTH = 128;

/** A batch that shares B is one taller product, which fills tiles where each matrix would leave a part of one empty. */
function folded(geometry: ProductGeometry): ProductGeometry {
  const { batch, M, strideB, transA } = geometry;
  return strideB === 0 && !transA ? { ...geometry, batch: 1, M: batch * M } : geometry;
}

/** The launches of a matrix product: one kernel, and a second stage where few tiles have a deep sum. */
export function matmulLaunches(
  given: ProductGeometry,
  a: Tensor,
  b: Tensor,
  y: Tensor,
  { capabilities, scratch }: LaunchContext,
  bound: BoundEpilogue = NO_EPILOGUE,
): Launch[] {
  const geometry = folded(given);
  const { batch, M, N, K, strideA, strideB, transA, transB } = geometry;
  const shape = {
    op: `matmul${transA ? ' A^T' : ''}${transB ? ' B^T' : ''}`,
    rows: M,
    columns: N,
    depth: K,
    count: batch,
  };
  const plan = selectPlan(shape, capabilities);
  const blocked = 'block' in plan;
  const { chunk, parts } = blocked ? blockRanges(plan, K) : tileRanges(plan.tile, geometry, y, capabilities);
  const early = parts > 1 ? NO_EPILOGUE : bound;
  const { epilogue } = early;
  const partial = parts > 1 ? scratch(parts * y.size) : y;
  const common = {
    read: [a, b, ...early.operands],
    write: [partial],
    params: [M, N, K, batch, strideA, strideB, chunk, 0, f32bits(early.eps)],
    split: { axis: 1, word: BASE_WORD, flop: 2 * batch * M * N * K } as const,
  };
  const flags = {
    transA,
    transB,
    vecA: (transA ? M : K) % 4 === 0,
    vecB: (transB ? K : N) % 4 === 0,
    vecY: N % 4 === 0,
  };
  const launches: Launch[] = [];
  if (blocked) {
    const { block } = plan;
    launches.push({
      ...common,
      program: blockedProducts({ block, ...flags, epilogue }),
      grid: [...blockGrid(block, shape), batch * parts],
    });
  } else {
    const { tile } = plan;
    launches.push({
      ...common,
      program: tiledProducts({ tile, ...flags, tailK: K % 4 !== 0, epilogue }),
      grid: [...tileGrid(tile, M, N), batch * parts],
    });
  }
  if (parts > 1) launches.push(sumPartials(partial, y, parts, bound));
  return launches;
}

interface Ranges {
  /** Terms of a range of the sum. */
  readonly chunk: number;
  readonly parts: number;
}

function blockRanges({ block, splits }: BlockPlan, depth: number): Ranges {
  const chunk = Math.ceil(Math.ceil(depth / splits) / block.depth) * block.depth;
  return { chunk, parts: Math.ceil(depth / chunk) };
}

function tileRanges(tile: Tile, { batch, M, N, K }: ProductGeometry, y: Tensor, capabilities: Capabilities): Ranges {
  const [x, rows] = tileGrid(tile, M, N);
  const invocations = batch * x * rows * Math.min(groupExtent(tile).rows * 2, 64);
  const splits = selectSplits(invocations, K, LEAST_DEPTH, 4 * y.size, capabilities);
  const chunk = Math.ceil(Math.ceil(K / splits) / 4) * 4;
  return { chunk, parts: Math.ceil(K / chunk) };
}
