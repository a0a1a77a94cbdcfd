import sharp from 'sharp';
import { DataError } from 'wgrad';
import type { RgbImage } from '../dataset.js';

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
