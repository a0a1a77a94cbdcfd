import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { DataError } from 'wgrad';
import { withPictureNames } from '../../datasets/detections.js';
import { pictureIds } from '../../datasets/pictureIds.js';
import { Tally } from '../../datasets/tally.js';
import { type BoxChoice, type BoxedImages, boxesOfJson, withBoxes } from '../../predict/imageBoxes.js';
import type { ImageToPredict } from '../../predict/imageToPredict.js';
import { readAnnotations } from '../datasets/readAnnotations.js';
import { kindOfFile, PICTURE_FORMATS, PICTURES } from '../images.js';
import { readJson } from '../readJson.js';

/**
 * The images that paths name, a folder standing for those in it, told by their first bytes or their names. An image's id is
 * the number that its name is, or, unless all names are different numbers, its place in the list.
 * @param leftOut counts what else the folders hold
 * @throws DataError where a folder has no images
 */
export async function listImages(paths: readonly string[], leftOut = new Tally()): Promise<ImageToPredict[]> {
  const lists: string[][] = [];
  for (const path of paths) lists.push(await imagesAt(path, leftOut));
  const files = lists.flat();
  const ids = pictureIds(files);
  return files.map((path, i) => ({ path, id: ids[i] }));
}

async function imagesAt(path: string, leftOut: Tally): Promise<string[]> {
  // What is not there is for the decoder to say, like what is broken.
  if (!(await stat(path).catch(() => undefined))?.isDirectory()) return [path];
  const files = (await readdir(path)).sort().map((name) => join(path, name));
  const others = new Tally();
  const images: string[] = [];
  for (const file of files) {
    const kind = PICTURES.test(file) ? PICTURE_FORMATS[0] : await kindOfFile(file);
    if (kind !== undefined && PICTURE_FORMATS.includes(kind)) images.push(file);
    else others.add(`files in ${path}: ${kind ?? 'of no known format'}`);
  }
  if (images.length === 0) {
    // A folder of folders, as data sets have them.
    const below = (await readdir(path, { recursive: true })).sort().filter((name) => PICTURES.test(name));
    if (below.length > 0) return below.map((name) => join(path, name));
  }
  leftOut.addAll(others);
  if (images.length > 0) return images;
  const seen = others.size > 0 ? `; it has ${others.text()}` : '';
  throw new DataError(`${path}: no images (${PICTURE_FORMATS.join(', ')}) in this folder${seen}`);
}

/**
 * Gives images the boxes of a file: annotations in any form that wgrad reads (see `readAnnotations`), or a list of detections
 * (see `detections`).
 * @param imageList a COCO file whose `images` name the ids of detections
 * @throws DataError naming file, entry and field for whatever is missing or wrong, or where no image has a box
 */
export async function withBoxesOf(
  images: readonly ImageToPredict[],
  file: string,
  { imageList, ...choice }: BoxChoice & { readonly imageList?: string } = {},
): Promise<BoxedImages> {
  const isJson = extname(file).toLowerCase() === '.json';
  const found = isJson ? boxesOfJson(await readJson(file), file) : await readAnnotations(file);
  const named = imageList === undefined ? found : withPictureNames(found, await readJson(imageList), imageList);
  return withBoxes(images, named, choice);
}
