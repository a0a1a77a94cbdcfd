import { stat } from 'node:fs/promises';
import sharp from 'sharp';
import { DataError } from 'wgrad';
import { PictureError } from '../brokenPictures.js';
import type { RgbImage } from '../dataset.js';
import { ORIENTATIONS, type Orientation } from '../datasets/annotations.js';
import { fileKindOf, KIND_BYTES } from '../formats/fileKind.js';
import { readPiece } from './readPiece.js';

/** The formats of pictures that are read, by how files begin; what a file is called does not matter. */
export const PICTURE_FORMATS: readonly string[] = ['JPEG', 'PNG', 'WebP', 'AVIF', 'TIFF', 'GIF'];

/** The most pixels of a picture that are decoded unless more are asked for: 300 MB, and for a moment 900 MB for a GIF. */
export const MAX_PIXELS = 100_000_000;

/** No picture within the limit takes nearly as long. */
const LONGEST_SECONDS = 600;

export interface DecodeImageOptions {
  /** Turn it as its EXIF orientation says; otherwise it comes as it is stored. Default true. */
  readonly upright?: boolean;
  /** The most pixels that are decoded, default `MAX_PIXELS`: a few kilobytes may claim any number. */
  readonly maxPixels?: number;
}

/** A file of such a name is meant to be a picture: where it is none, the decoder says why. */
export const PICTURES = /\.(jpe?g|jpe|jfif|mpo|png|webp|avif|tiff?|gif)$/i;

/** The size of a picture when it is turned upright; only its header is read. @throws PictureError as `decodeImage` */
export async function uprightSize(path: string): Promise<[width: number, height: number]> {
  const format = await pictureFormat(path);
  try {
    const { autoOrient } = await sharp(path, { limitInputPixels: false }).metadata();
    return [autoOrient.width, autoOrient.height];
  } catch (error) {
    throw broken(path, format, error);
  }
}

/**
 * Decodes an image file (JPEG, PNG, WebP, AVIF, TIFF, GIF, of which the first picture) to 8-bit sRGB. Drawings and documents
 * that would have to be rendered, such as SVG and PDF, are refused whatever they are called.
 * @throws PictureError where it is missing, of another format, broken, or of more than `maxPixels`.
 */
export async function decodeImage(
  path: string,
  { upright = true, maxPixels = MAX_PIXELS }: DecodeImageOptions = {},
): Promise<RgbImage> {
  const format = await pictureFormat(path);
  try {
    const limitInputPixels = Number.isFinite(maxPixels) && maxPixels;
    const { data, info } = await sharp(path, { failOn: 'error', autoOrient: upright, limitInputPixels })
      .timeout({ seconds: LONGEST_SECONDS })
      .flatten()
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`${info.channels} channels instead of 3`);
    return { width: info.width, height: info.height, data: new Uint8Array(data.buffer, data.byteOffset, data.length) };
  } catch (error) {
    throw /pixel limit/.test(reasonOf(error))
      ? unreadable(
          path,
          `more than ${maxPixels} pixels, the most that are decoded`,
          'scale it down, or raise the limit (--max-pixels)',
        )
      : broken(path, format, error);
  }
}

/** How a picture is to be read. */
export interface PictureReading {
  readonly maxPixels?: number | undefined;
  /** The size that labels or boxes are for. */
  readonly size?: readonly [width: number, height: number];
  /** Decides where the size does not, as for a square picture; default: upright. */
  readonly orientation?: Orientation;
}

/**
 * Decodes a picture in the orientation that its labels are for: the one that has the size, and where both have it, or no size
 * is known, the one that is said.
 * @throws PictureError as `decodeImage`; DataError naming the file where it is of another size either way
 */
export async function decodePicture(
  path: string,
  { size, orientation = 'upright', maxPixels }: PictureReading,
): Promise<RgbImage> {
  const image = await decodeImage(path, { upright: orientation === 'upright', maxPixels });
  const fits = ({ width, height }: RgbImage) => !size || (size[0] === width && size[1] === height);
  if (fits(image)) return image;
  const turned = await decodeImage(path, { upright: orientation !== 'upright', maxPixels });
  if (fits(turned)) return turned;
  const isTurned = turned.width !== image.width || turned.height !== image.height;
  const other = ORIENTATIONS.find((name) => name !== orientation);
  throw new DataError(
    `${path}: the image is ${image.width}x${image.height}${isTurned ? ` ${orientation} and ${turned.width}x${turned.height} ${other} (EXIF)` : ''}, ` +
      `its annotation says ${size?.join('x')}; labels of another size would land in the wrong place`,
  );
}

/** The format of a picture by its first bytes. @throws PictureError where it is none that is read */
async function pictureFormat(path: string): Promise<string> {
  const kind = (await kindOfFile(path)) ?? 'of no known format';
  if (PICTURE_FORMATS.includes(kind)) return kind;
  const last = PICTURE_FORMATS.length - 1;
  const formats = `${PICTURE_FORMATS.slice(0, last).join(', ')} and ${PICTURE_FORMATS[last]}`;
  throw unreadable(path, `${kind}; the formats that are read are ${formats}`, 'convert it to one of them');
}

/** What a file is by its first bytes (see `fileKindOf`). @throws PictureError where it cannot be read */
export async function kindOfFile(path: string): Promise<string | undefined> {
  try {
    // To open a pipe would wait for its writer.
    if (!(await stat(path)).isFile()) return 'a folder, a pipe or a device';
    return fileKindOf(await readPiece(path, KIND_BYTES));
  } catch (cause) {
    // `ENOENT: no such file or directory, stat 'x'`
    throw unreadable(path, (cause as Error).message.split(',')[0], 'check that the file exists and is whole');
  }
}

function unreadable(path: string, reason: string, remedy: string): PictureError {
  return new PictureError(path, `cannot be read as an image (${reason}); ${remedy}`);
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0];

function broken(path: string, format: string, error: unknown): PictureError {
  return unreadable(path, `broken ${format}: ${reasonOf(error)}`, 'check that the file exists and is whole');
}
