import { ShapeError } from '../../errors.js';
import { hardwareOf } from '../../kernels/product/launch/hardware.js';
import { type Capabilities, f32bits } from '../../tensor/backend.js';
import type { PointTile } from '../wgsl/pointTile.wgsl.js';
import { type FlowAttrs, maskBits } from './flowShape.js';

/**
 * The most points of one launch: per point the gradient keeps 2 hidden layers of 12 networks, 6 KB, which must fit one
 * binding.
 */
export const MOST_POINTS = 16384;

/**
 * The tile of the fused flow, or undefined where none fits. Software adapters with small subgroups share hidden units by
 * broadcast, 16 points to a tile as in the matrix product; others through workgroup memory, one point to a lane, in
 * workgroups of 32. A lane has a vec4 of sums for each point of the tile.
 */
export function selectPointTile(capabilities: Capabilities, hidden: number): PointTile | undefined {
  const { tier, subgroupSize, narrowSubgroup: subgroup } = capabilities;
  const broadcast = tier === 'software' && [4, 8, 16].includes(subgroupSize);
  const few = hardwareOf(capabilities).accumulators < 32;
  const lanes = broadcast ? subgroupSize : few && !subgroup ? 4 : 8;
  const printed = broadcast || few ? 1 : 2;
  const tile = broadcast
    ? { lanes, rows: 16, tiles: 1, printed, broadcast }
    : { lanes, rows: lanes, tiles: 32 / lanes, printed, subgroup, broadcast };
  return hidden % (4 * lanes) === 0 && hidden <= 64 ? tile : undefined;
}

/** The tile of the fused flow. */
export function pointTile(capabilities: Capabilities, hidden: number): PointTile {
  const tile = selectPointTile(capabilities, hidden);
  if (tile) return tile;
  throw new ShapeError(`flow: no kernel for hidden layers of ${hidden} on this adapter; use the composed form`);
}

/** The tile of the weights' half of the gradient, of as many points as lanes; on GPUs a lane has one vec4 of hidden units. */
export function selectWeightTile(tile: PointTile, hidden: number): PointTile {
  if (tile.broadcast) return { ...tile, rows: tile.lanes };
  const lanes = hidden / 4;
  return {
    lanes,
    rows: lanes,
    tiles: 64 / lanes,
    printed: 2 * tile.printed,
    subgroup: tile.subgroup,
    broadcast: false,
  };
}

/** Workgroups for n points. */
export function tileGroups(n: number, { rows, tiles }: PointTile): number {
  return Math.ceil(n / (rows * tiles));
}

/** Points rounded up to whole workgroups. */
export function paddedPoints(n: number, tile: PointTile): number {
  return tileGroups(n, tile) * tile.rows * tile.tiles;
}

/** The uniforms of all kernels of the flow. */
export function flowWords(n: number, attrs: FlowAttrs, tile: PointTile): readonly number[] {
  return [n, attrs.masks.length, maskBits(attrs), f32bits(attrs.scaleBound), paddedPoints(n, tile), attrs.hidden / 4];
}
