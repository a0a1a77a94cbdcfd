import type { Launch, LaunchContext } from '../tensor/backend.js';
import { program } from '../tensor/backend.js';
import type { Tensor } from '../tensor/tensor.js';
import { selectSplits, selectTile, tileGrid } from './select.js';
import { sumPartials } from './sumPartials.js';
import matmulWgsl from './wgsl/matmul.wgsl.js';
import { groupExtent, tileLabel } from './wgsl/tile.wgsl.js';

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

/** The launches of a matrix product: tiles, and a second stage where few tiles have a deep sum. */
export function matmulLaunches(
  geometry: ProductGeometry,
  a: Tensor,
  b: Tensor,
  bias: Tensor | undefined,
  y: Tensor,
  { capabilities, scratch }: LaunchContext,
): Launch[] {
  const { batch, M, N, K, strideA, strideB, transA, transB } = folded(geometry);
  const tile = selectTile(capabilities);
  const variant = {
    tile,
    transA,
    transB,
    tailK: K % 4 !== 0,
    vecA: !transA && K % 4 === 0,
    vecB: (transB ? K : N) % 4 === 0,
    vecY: N % 4 === 0,
    bias: bias !== undefined,
  };
  const flags = Object.entries(variant).flatMap(([name, on]) => (on === true ? [name] : []));
  const [x, rows] = tileGrid(tile, M, N);
  const { rows: extent } = groupExtent(tile);
  const invocations = batch * x * rows * Math.min(extent * 2, 64);
  const splits = bias ? 1 : selectSplits(invocations, K, LEAST_DEPTH, 4 * y.size, capabilities);
  const chunk = Math.ceil(Math.ceil(K / splits) / 4) * 4;
  const parts = Math.ceil(K / chunk);
  const partial = parts > 1 ? scratch(parts * y.size) : y;
  const launches: Launch[] = [
    {
      program: program(`matmul ${tileLabel(tile)} ${flags.join(' ')}`, () => matmulWgsl(variant)),
      read: bias ? [a, b, bias] : [a, b],
      write: [partial],
      params: [M, N, K, batch, strideA, strideB, chunk, 0],
      grid: [x, rows, batch * parts],
      split: { axis: 1, word: BASE_WORD, flop: 2 * batch * M * N * K },
    },
  ];
  if (parts > 1) launches.push(sumPartials(partial, y, parts));
  return launches;
}
