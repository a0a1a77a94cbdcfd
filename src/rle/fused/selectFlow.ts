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

/** Threads that a processor of 128 lanes needs, so that it has two waves of 64. */
const BUSY = 128;

/**
 * The tile of the fused flow, or undefined where none fits. Software adapters with small subgroups share hidden units by
 * broadcast, 16 points to a tile as in the matrix product. Others share them through workgroup memory, a lane to each vec4 of a
 * hidden layer. A lane has a vec4 of sums for each point of the tile: the fewer points, the more threads and the more loads of
 * weights for each product, so a tile has as many as leave threads enough for `points` in all.
 */
export function selectPointTile(capabilities: Capabilities, hidden: number, points = 1): PointTile | undefined {
  const { tier, subgroupSize, narrowSubgroup: subgroup } = capabilities;
  const broadcast = tier === 'software' && [4, 8, 16].includes(subgroupSize);
  if (hidden % (broadcast ? 4 * subgroupSize : 32) !== 0 || hidden > 64) return undefined;
  if (broadcast) return { lanes: subgroupSize, rows: 16, tiles: 1, printed: 1, broadcast };
  const { processors, accumulators } = hardwareOf(capabilities);
  const few = accumulators < 32;
  const lanes = hidden / 4;
  const [most, least] = few ? [4, 2] : [8, 1];
  const rows = [8, 4, 2].find((n) => n <= most && (points * lanes) / n >= BUSY * processors) ?? least;
  return {
    lanes,
    rows,
    tiles: 64 / lanes,
    printed: Math.min(few ? most / rows : 4, lanes / rows),
    subgroup,
    broadcast,
  };
}

/** The tile of the fused flow. */
export function pointTile(capabilities: Capabilities, hidden: number, points: number): PointTile {
  const tile = selectPointTile(capabilities, hidden, points);
  if (tile) return tile;
  throw new ShapeError(`flow: no kernel for hidden layers of ${hidden} on this adapter; use the composed form`);
}

/** The tile of the weights' half of the gradient, of as many points as lanes. */
export function selectWeightTile(tile: PointTile, capabilities: Capabilities): PointTile {
  const { lanes } = tile;
  return { ...tile, rows: lanes, printed: hardwareOf(capabilities).accumulators < 32 ? 2 : 4 };
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
