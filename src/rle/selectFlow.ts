import { ShapeError } from '../errors.js';
import { type Capabilities, f32bits } from '../tensor/backend.js';
import { formatShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { type CouplingOptions, dimsOf, type RealNvpParams } from './couplings.js';
import { type FlowAttrs, maskBits } from './flowShape.js';
import { alternatingMasks, checkMasks } from './masks.js';
import type { PointTile } from './wgsl/pointTile.wgsl.js';

/** Points of one launch: the gradient keeps 2 hidden layers of 12 networks per point, 6 KB, within one binding. */
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

/** The fused flow's attributes, or undefined where the flow must be composed of ops: other depths, widths, dimensions. */
export function fusedAttrs(
  params: RealNvpParams,
  points: Tensor,
  { masks: given, scaleBound = 1 }: CouplingOptions = {},
): FlowAttrs | undefined {
  const dims = dimsOf(params);
  if (points.shape.at(-1) !== dims) {
    throw new ShapeError(
      `realNvp: the flow has ${dims} coordinates, the points are ${formatShape(points.shape)}; ` +
        'the last axis must hold the coordinates',
    );
  }
  const couplings = params.t.length;
  const masks = given ?? alternatingMasks(dims, couplings);
  checkMasks(masks, dims, couplings);
  const hidden = params.t[0][0].weight.shape[0];
  const widths = [
    [hidden, dims],
    [hidden, hidden],
    [dims, hidden],
  ];
  const isPlain = [...params.t, ...params.s].every((network) => {
    const layers = Object.values(network);
    return layers.length === 3 && layers.every(({ weight, bias }, i) => bias && `${weight.shape}` === `${widths[i]}`);
  });
  const { capabilities } = points.device;
  const fits = capabilities.tier === 'reference' || selectPointTile(capabilities, hidden) !== undefined;
  if (!isPlain || !fits || dims > 4 || couplings * dims > 32 || params.s.length !== couplings) return undefined;
  return { dims, hidden, masks, scaleBound };
}
