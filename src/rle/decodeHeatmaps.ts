import { ShapeError } from '../errors.js';
import { formatShape, type Shape, sizeOf } from '../tensor/shape.js';
import { type MapOptions, PIXEL_CENTRE } from './mapGrid.js';

/** How far the peak is moved towards the higher of its neighbours: its true place is likely there, in pixels of the map. */
const SHIFT = 0.25;

export interface DecodedHeatmaps {
  /** [B, K, 2], x and y in crop units. */
  readonly joints: Float64Array;
  /** [B, K], the height of each peak: the joint's confidence. */
  readonly scores: Float64Array;
}

/**
 * The peak of each map, a quarter of a pixel towards its higher neighbour in either direction (Xiao et al., 2018); on the
 * host. The first of equal peaks counts. The public codes do not move peaks of the second column and row either.
 *
 * @param maps row-major values of `shape` [B, H, W, K]
 */
export function decodeHeatmaps(
  maps: ArrayLike<number>,
  shape: Shape,
  { pixel = PIXEL_CENTRE }: MapOptions = {},
): DecodedHeatmaps {
  if (shape.length !== 4 || maps.length !== sizeOf(shape)) {
    throw new ShapeError(
      `decodeHeatmaps: wants the values of maps [B, H, W, K], got ${maps.length} for ${formatShape(shape)}`,
    );
  }
  const [B, H, W, K] = shape;
  const joints = new Float64Array(B * K * 2);
  const scores = new Float64Array(B * K);
  for (let b = 0; b < B; b++) {
    for (let k = 0; k < K; k++) {
      const at = (i: number, j: number) => maps[((b * H + i) * W + j) * K + k];
      let [row, column] = [0, 0];
      for (let i = 0; i < H; i++) for (let j = 0; j < W; j++) if (at(i, j) > at(row, column)) [row, column] = [i, j];
      const x = column > 0 && column < W - 1 ? SHIFT * Math.sign(at(row, column + 1) - at(row, column - 1)) : 0;
      const y = row > 0 && row < H - 1 ? SHIFT * Math.sign(at(row + 1, column) - at(row - 1, column)) : 0;
      const joint = b * K + k;
      joints[2 * joint] = (column + x + pixel) / W - 0.5;
      joints[2 * joint + 1] = (row + y + pixel) / H - 0.5;
      scores[joint] = at(row, column);
    }
  }
  return { joints, scores };
}
