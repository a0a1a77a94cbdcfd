import { ShapeError } from '../../errors.js';
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
 * broadcast, 16 points to a tile as in the matrix product; others through workgroup memory, one point to a lane.
 */
export function selectPointTile({ tier, subgroupSize }: Capabilities, hidden: number): PointTile | undefined {
  const broadcast = tier === 'software' && [4, 8, 16].includes(subgroupSize);
  const lanes = broadcast ? subgroupSize : 8;
  const tile = broadcast ? { lanes, rows: 16, tiles: 1, broadcast } : { lanes, rows: lanes, tiles: 4, broadcast };
  return hidden % (4 * lanes) === 0 && hidden <= 64 ? tile : undefined;
}

/** The tile of the fused flow. */
export function pointTile(capabilities: Capabilities, hidden: number): PointTile {
  const tile = selectPointTile(capabilities, hidden);
  if (tile) return tile;
  throw new ShapeError(`flow: no kernel for hidden layers of ${hidden} on this adapter; use the composed form`);
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
  return [n, attrs.masks.length, maskBits(attrs), f32bits(attrs.scaleBound), paddedPoints(n, tile)];
}
