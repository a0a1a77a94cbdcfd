import type { Capabilities } from '../../tensor/backend.js';
import { type Shape, sizeOf } from '../../tensor/shape.js';
import { FILLING_THREADS } from '../reduction/stages.js';
import type { ColumnTile } from '../wgsl/columns.wgsl.js';
import { LOADS } from '../wgsl/reduce.wgsl.js';

/** Threads of a workgroup. A software driver runs them in turn and pays for each level of the tree that merges them. */
const GROUP = { gpu: 256, software: 128, reference: 256 } as const;
/**
 * Chunks and workgroups of all channels together. On a GPU just so many that the loads of all threads fill the memory's bandwidth,
 * since every workgroup of the second dispatch merges all chunks of its channels. A software driver has few cores and pays most for the
 * merging: with 16 of each 64 channels [8, 64, 48, 64] takes 7 ms, with 64 chunks and 1024 workgroups 10 (llvmpipe).
 */
const FILLING_GROUPS = FILLING_THREADS.gpu / GROUP.gpu;
/** Per 64 channels: chunks and workgroups on a software driver, and chunks at least on a GPU, whose plan has the most. */
const SOFTWARE_GROUPS = 16;
/** Rows that a thread of a software driver should have before it is worth another workgroup. */
const SOFTWARE_ROWS = 8;

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
  const software = tier === 'software';
  const loads = software ? 1 : LOADS;
  // A thread of a GPU has whole rounds of `LOADS` rows, but for the last ones.
  const rows = software ? SOFTWARE_ROWS : LOADS;
  const round = software ? 1 : (LOADS * GROUP.gpu) / across;
  const most = software ? SOFTWARE_GROUPS : Math.ceil(FILLING_GROUPS / columnGroups);
  const split = (parts: number) => {
    const share = Math.ceil(M / Math.max(1, Math.min(parts, Math.floor((M * across) / (rows * GROUP.gpu)))));
    return Math.max(1, Math.floor(share / round)) * round;
  };
  const chunkRows = split(Math.max(most, SOFTWARE_GROUPS));
  const groupRows = split(software ? Math.ceil(SOFTWARE_GROUPS / columnGroups) : most);
  const chunks = Math.ceil(M / chunkRows);
  return {
    tile: { lanes, across, down: GROUP[tier] / across, loads },
    M,
    C,
    chunks,
    chunkRows,
    groupRows,
    firstGrid: [columnGroups, chunks, 1],
    secondGrid: [columnGroups, Math.ceil(M / groupRows), 1],
  };
}
