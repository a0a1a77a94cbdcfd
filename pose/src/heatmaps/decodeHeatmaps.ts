import { formatShape, type Shape, ShapeError, sizeOf } from 'wgrad';
import { darkOffset } from './dark.js';
import { mapExtent, type PeakOptions, PIXEL_CENTRE } from './mapGrid.js';

/**
 * How far a peak is moved towards its higher neighbours, in pixels of the map: the joint is likely to lie on that side.
 */
const SHIFT = 0.25;

export interface DecodeOptions extends PeakOptions {
  /**
   * How the place between pixels is found: `quarter` moves the peak by a quarter of a pixel towards the higher
   * neighbours (default); `dark` uses the shape of the hill, which gives the exact mean of a Gaussian.
   */
  readonly refine?: 'quarter' | 'dark';
  /** Odd width of DARK's smoothing kernel in pixels of the map; default 11. */
  readonly kernel?: number;
}

export interface DecodedHeatmaps {
  /** [B, K, 2], x and y in crop units. */
  readonly joints: Float64Array;
  /** [B, K], the height of each peak: the joint's confidence. */
  readonly scores: Float64Array;
}

/**
 * The peak of each map, moved by a quarter of a pixel towards its higher neighbour along either axis (Xiao et al.,
 * 2018), or by DARK (see `darkOffset`); computed on the host. The first of equal peaks counts. Peaks in the outermost
 * columns and rows are not moved along that axis. Deviation: the public codes do not move those in the second column or
 * row either.
 *
 * @param maps row-major values of `shape` [B, H, W, K]
 * @throws ShapeError if the values do not fit the shape, or if the kernel's width is not odd
 */
export function decodeHeatmaps(
  maps: ArrayLike<number>,
  shape: Shape,
  { pixel = PIXEL_CENTRE, udp = false, refine = 'quarter', kernel }: DecodeOptions = {},
): DecodedHeatmaps {
  if (shape.length !== 4 || maps.length !== sizeOf(shape)) {
    throw new ShapeError(
      `decodeHeatmaps: wants the values of maps [B, H, W, K], got ${maps.length} for ${formatShape(shape)}`,
    );
  }
  if (kernel !== undefined && !(kernel % 2 === 1 && kernel > 0)) {
    throw new ShapeError(`decodeHeatmaps: kernel ${kernel} is no odd number of pixels, such as 11`);
  }
  const [B, H, W, K] = shape;
  const joints = new Float64Array(B * K * 2);
  const scores = new Float64Array(B * K);
  for (let b = 0; b < B; b++) {
    for (let k = 0; k < K; k++) {
      const at = (i: number, j: number) => maps[((b * H + i) * W + j) * K + k];
      let [row, column] = [0, 0];
      for (let i = 0; i < H; i++) for (let j = 0; j < W; j++) if (at(i, j) > at(row, column)) [row, column] = [i, j];
      const inside = (i: number, j: number) => (i < 0 || j < 0 || i >= H || j >= W ? 0 : at(i, j));
      const [x, y] =
        refine === 'dark' ? darkOffset(inside, [row, column], [H, W], kernel) : quarter(at, [row, column], [H, W]);
      const joint = b * K + k;
      joints[2 * joint] = (column + x + pixel) / mapExtent(W, udp) - 0.5;
      joints[2 * joint + 1] = (row + y + pixel) / mapExtent(H, udp) - 0.5;
      scores[joint] = at(row, column);
    }
  }
  return { joints, scores };
}

function quarter(
  at: (row: number, column: number) => number,
  [row, column]: readonly [row: number, column: number],
  [height, width]: readonly [height: number, width: number],
): readonly [x: number, y: number] {
  const inColumns = column > 0 && column < width - 1;
  const inRows = row > 0 && row < height - 1;
  return [
    inColumns ? SHIFT * Math.sign(at(row, column + 1) - at(row, column - 1)) : 0,
    inRows ? SHIFT * Math.sign(at(row + 1, column) - at(row - 1, column)) : 0,
  ];
}
