import type { Rng } from 'wgrad';
import type { Box, RgbImage } from '../dataset.js';
import type { Region } from '../region.js';

/** The largest share of the box that is hidden, and the range of the rectangle's height over its width. */
const MOST = 0.7;
const RATIO = [0.3, 1 / 0.3] as const;
/** After so many places outside the picture none is looked for any more: the box may leave the picture. */
const TRIES = 100;

/** A rectangle of noise in front of somebody. */
export interface Occluder {
  readonly region: Region;
  /** The random numbers that its colours are drawn from. */
  readonly rng: Rng;
}

/**
 * Draws a rectangle of up to 0.7 of the box's area, which hides a part of the person, as the official code does for
 * Human3.6M. It lies in the picture and, if it is not longer than the box, in the box. Undefined if no place was found.
 */
export function occluderIn(
  [left, top, width, height]: Box,
  image: Pick<RgbImage, 'width' | 'height'>,
  rng: Rng,
): Occluder | undefined {
  for (let i = 0; i < TRIES; i++) {
    const area = rng.uniform() * MOST * width * height;
    const ratio = RATIO[0] + (RATIO[1] - RATIO[0]) * rng.uniform();
    const [w, h] = [Math.sqrt(area / ratio), Math.sqrt(area * ratio)];
    const x = left + rng.uniform() * (width - w - 1);
    const y = top + rng.uniform() * (height - h - 1);
    if (x < 0 || y < 0 || x + w >= image.width || y + h >= image.height) continue;
    const [column, row, columns, rows] = [x, y, w, h].map(Math.floor);
    return { region: { x: column, y: row, width: columns, height: rows }, rng: rng.split(0) };
  }
  return undefined;
}

/** Writes the noise over the words of a packed region (see `packRegion`), where the two meet. */
export function paintOccluder({ region, rng }: Occluder, packed: Region, pixels: Uint32Array, at: number): void {
  const left = Math.max(region.x, packed.x);
  const right = Math.min(region.x + region.width, packed.x + packed.width);
  const bottom = Math.min(region.y + region.height, packed.y + packed.height);
  for (let y = Math.max(region.y, packed.y); y < bottom; y++) {
    for (let x = left; x < right; x++) {
      pixels[at + (y - packed.y) * packed.width + x - packed.x] = rng.uint32() & 0xffffff;
    }
  }
}
