import { type Capabilities, f32bits, type Launch, type LaunchContext } from '../../../tensor/backend.js';
import { programs } from '../../../tensor/programs.js';
import type { Tensor } from '../../../tensor/tensor.js';
import matmulWgsl from '../../wgsl/matmul.wgsl.js';
import matmulBlockedWgsl from '../../wgsl/matmulBlocked.wgsl.js';
import { groupExtent, type Tile } from '../../wgsl/tile.wgsl.js';
import { type BoundEpilogue, NO_EPILOGUE } from './epilogue.js';
import { launchProduct, type Ranges } from './launchProduct.js';
import { planGrid, selectPlan, selectSplits, tileGrid } from './select.js';

const tiles = /* @__PURE__ */ programs('matmul', matmulWgsl);
const blocks = /* @__PURE__ */ programs('matmul', matmulBlockedWgsl);

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

/** Place of `baseWords` among the parameters. */
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
  context: LaunchContext,
  bound: BoundEpilogue = NO_EPILOGUE,
): Launch[] {
  const { capabilities } = context;
  const geometry = folded(given);
  const { batch, M, N, K, strideA, strideB, transA, transB } = geometry;
  const op = `matmul${transA ? ' A^T' : ''}${transB ? ' B^T' : ''}`;
  const shape = { op, rows: M, columns: N, depth: K, count: batch };
  const plan = selectPlan(shape, capabilities);
  const flags = {
    transA,
    transB,
    vecA: (transA ? M : K) % 4 === 0,
    vecB: (transB ? K : N) % 4 === 0,
    vecY: N % 4 === 0,
  };
  const ranges =
    'block' in plan
      ? rangesOf(plan.splits, K, plan.block.depth)
      : rangesOf(splitsOfTiles(plan.tile, geometry, y, capabilities), K, 4);
  return launchProduct(
    {
      ...ranges,
      program: (epilogue) =>
        'block' in plan
          ? blocks({
              block: plan.block,
              subgroup: capabilities.narrowSubgroup,
              ...flags,
              whole: K % plan.block.depth === 0,
              epilogue,
            })
          : tiles({ tile: plan.tile, ...flags, tailK: K % 4 !== 0, epilogue }),
      grid: [...planGrid(plan, shape), batch * ranges.parts],
      split: { word: BASE_WORD, flop: 2 * batch * M * N * K },
    },
    (chunk, eps) => [M, N, K, batch, strideA, strideB, chunk, 0, 0, 0, f32bits(eps)],
    [a, b, y],
    context,
    bound,
  );
}

/** Ranges of whole steps of the kernel's loop. */
function rangesOf(splits: number, depth: number, step: number): Ranges {
  const chunk = Math.ceil(Math.ceil(depth / splits) / step) * step;
  return { chunk, parts: Math.ceil(depth / chunk) };
}

function splitsOfTiles(tile: Tile, { batch, M, N, K }: ProductGeometry, y: Tensor, capabilities: Capabilities): number {
  const [x, rows] = tileGrid(tile, M, N);
  const invocations = batch * x * rows * Math.min(groupExtent(tile).rows * 2, 64);
  return selectSplits(invocations, K, LEAST_DEPTH, 4 * y.size, capabilities);
}
