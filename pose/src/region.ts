import { type Affine, applyAffine } from './affine.js';
import type { RgbImage } from './dataset.js';

/** A rectangle of whole pixels of an image: its top left pixel and its sides, which may be 0. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * The pixels of an image that a `width` x `height` output samples through `matrix`, from output pixels to the image's.
 * One pixel wider on each side than exact arithmetic needs: whoever samples may round.
 */
export function sampledRegion(
  matrix: Affine,
  width: number,
  height: number,
  image: Pick<RgbImage, 'width' | 'height'>,
): Region {
  const corners = [0, width - 1].flatMap((u) => [0, height - 1].map((v) => applyAffine(matrix, u, v)));
  const span = (axis: 0 | 1, size: number) => {
    const along = corners.map((corner) => corner[axis]);
    const begin = Math.min(size, Math.max(0, Math.floor(Math.min(...along)) - 1));
    const end = Math.max(begin, Math.min(size, Math.floor(Math.max(...along)) + 3));
    return [begin, end - begin] as const;
  };
  const [x, columns] = span(0, image.width);
  const [y, rows] = span(1, image.height);
  return { x, y, width: columns, height: rows };
}

/** Writes a region's pixels, rows top to bottom, as words `r + 256 g + 65536 b` from `out[at]` on. */
export function packRegion(image: RgbImage, { x, y, width, height }: Region, out: Uint32Array, at: number): void {
  const { data } = image;
  for (let row = y; row < y + height; row++) {
    let p = (row * image.width + x) * 3;
    for (const end = at + width; at < end; at++, p += 3) out[at] = data[p] | (data[p + 1] << 8) | (data[p + 2] << 16);
  }
}
