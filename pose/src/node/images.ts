import sharp from 'sharp';
import { DataError } from 'wgrad';
import type { RgbImage } from '../dataset.js';
import { ORIENTATIONS, type Orientation } from '../datasets/annotations.js';

/**
 * Decodes an image file (JPEG, PNG, WebP, AVIF, TIFF, GIF) to 8-bit sRGB.
 * @param upright turn it as its EXIF orientation says; otherwise it comes as it is stored
 * @throws DataError naming the file, where it is missing or broken.
 */
export async function decodeImage(path: string, { upright = true } = {}): Promise<RgbImage> {
  try {
    const { data, info } = await sharp(path, { failOn: 'error', autoOrient: upright })
      .flatten()
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`${info.channels} channels instead of 3`);
    return { width: info.width, height: info.height, data: new Uint8Array(data.buffer, data.byteOffset, data.length) };
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).split('\n')[0];
    throw new DataError(`${path}: cannot be read as an image (${reason}); check that the file exists and is whole`);
  }
}

/** How a picture is to be read. */
export interface PictureReading {
  /** The size that labels or boxes are for. */
  readonly size?: readonly [width: number, height: number];
  /** Decides where the size does not, as for a square picture; default: upright. */
  readonly orientation?: Orientation;
}

/**
 * Decodes a picture in the orientation that its labels are for: the one that has the size, and where both have it, or no size
 * is known, the one that is said.
 * @throws DataError naming the file, where it is missing, broken, or of another size either way
 */
export async function decodePicture(
  path: string,
  { size, orientation = 'upright' }: PictureReading,
): Promise<RgbImage> {
  const image = await decodeImage(path, { upright: orientation === 'upright' });
  const fits = ({ width, height }: RgbImage) => !size || (size[0] === width && size[1] === height);
  if (fits(image)) return image;
  const turned = await decodeImage(path, { upright: orientation !== 'upright' });
  if (fits(turned)) return turned;
  const isTurned = turned.width !== image.width || turned.height !== image.height;
  const other = ORIENTATIONS.find((name) => name !== orientation);
  throw new DataError(
    `${path}: the image is ${image.width}x${image.height}${isTurned ? ` ${orientation} and ${turned.width}x${turned.height} ${other} (EXIF)` : ''}, ` +
      `its annotation says ${size?.join('x')}; labels of another size would land in the wrong place`,
  );
}
