import type { Capabilities } from '../../tensor/backend.js';
import { type Shape, sizeOf } from '../../tensor/shape.js';
import type { ColumnTile } from '../wgsl/columns.wgsl.js';

/** Threads of a workgroup. A software driver runs them in turn and pays for each level of the tree that merges them. */
const GROUP = { gpu: 256, software: 128, reference: 256 } as const;
/**
 * Workgroups per 64 channels. Every workgroup of the second dispatch merges all chunks of the first, so there should be
 * few chunks. A software driver has few cores and pays most for the merging: [8, 64, 48, 64] takes 7 ms where the GPU's
 * plan takes 10 (llvmpipe).
 */
const MOST = {
  gpu: { chunks: 64, groups: 1024 },
  software: { chunks: 16, groups: 16 },
} as const;
/** Rows that a thread of a GPU should have before it is worth another workgroup. */
const ROWS_PER_THREAD = 8;

/** How two dispatches reduce [..., C] over all axes but the last and then walk over it again. */
export interface ColumnPlan {
  readonly tile: ColumnTile;
  /** Rows: the product of all extents but the last. */
  readonly M: number;
  /** Channels in units of `tile.lanes`. */
  readonly C: number;
  /** First dispatch: how many chunks, of how many rows. */
  readonly chunks: number;
  readonly chunkRows: number;
  /** Second dispatch: rows of a workgroup. */
  readonly groupRows: number;
  readonly firstGrid: readonly [number, number, number];
  readonly secondGrid: readonly [number, number, number];
}

/** The plan for a tier of devices; the one for GPUs has the most chunks. */
export function columnPlan(shape: Shape, tier: Capabilities['tier'] = 'gpu'): ColumnPlan {
  const channels = shape[shape.length - 1];
  const lanes = channels % 4 === 0 ? 4 : 1;
  const M = sizeOf(shape) / channels;
  const C = channels / lanes;
  const across = Math.min(16, 2 ** Math.ceil(Math.log2(C)));
  const columnGroups = Math.ceil(C / across);
  const split = (most: number) => {
    const parts = Math.floor((M * across) / (ROWS_PER_THREAD * GROUP.gpu));
    return Math.ceil(M / Math.max(1, Math.min(parts, most)));
  };
  const most = tier === 'software' ? MOST.software : MOST.gpu;
  const chunkRows = split(most.chunks);
  const groupRows = split(Math.ceil(most.groups / columnGroups));
  const chunks = Math.ceil(M / chunkRows);
  return {
    tile: { lanes, across, down: GROUP[tier] / across },
    M,
    C,
    chunks,
    chunkRows,
    groupRows,
    firstGrid: [columnGroups, chunks, 1],
    secondGrid: [columnGroups, Math.ceil(M / groupRows), 1],
  };
}
