import type { Shape } from '../tensor/shape.js';
import { sizeOf } from '../tensor/shape.js';
import type { ColumnTile } from './wgsl/columns.wgsl.js';

const GROUP = 256;
/** Every workgroup of the second dispatch merges all chunks, so there are few; 64 of them fill a large GPU. */
const MAX_CHUNKS = 64;
const MAX_GROUPS = 1024;
/** Rows that a thread should have before it is worth another workgroup. */
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

/** Depends on the shape alone, so that every device sums in the same order. */
export function columnPlan(shape: Shape): ColumnPlan {
  const channels = shape[shape.length - 1];
  const lanes = channels % 4 === 0 ? 4 : 1;
  const M = sizeOf(shape) / channels;
  const C = channels / lanes;
  const across = Math.min(16, 2 ** Math.ceil(Math.log2(C)));
  const down = GROUP / across;
  const columnGroups = Math.ceil(C / across);
  const split = (most: number) => {
    const parts = Math.floor(M / (ROWS_PER_THREAD * down));
    return Math.ceil(M / Math.max(1, Math.min(parts, most)));
  };
  const chunkRows = split(MAX_CHUNKS);
  const groupRows = split(Math.ceil(MAX_GROUPS / columnGroups));
  const chunks = Math.ceil(M / chunkRows);
  return {
    tile: { lanes, across, down },
    M,
    C,
    chunks,
    chunkRows,
    groupRows,
    firstGrid: [columnGroups, chunks, 1],
    secondGrid: [columnGroups, Math.ceil(M / groupRows), 1],
  };
}

/** Names the specialisation in a program's label. */
export function tileLabel({ lanes, across }: ColumnTile): string {
  return `x${lanes} ${across} across`;
}
