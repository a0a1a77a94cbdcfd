import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { DataError } from 'wgrad';
import { readJsonFile } from 'wgrad/io/node';
import { withPictureNames } from '../../datasets/detections.js';
import { pictureIds } from '../../datasets/pictureIds.js';
import { type BoxChoice, type BoxedImages, boxesOfJson, withBoxes } from '../../predict/imageBoxes.js';
import type { ImageToPredict } from '../../predict/imageToPredict.js';
import { readAnnotations } from '../datasets/readAnnotations.js';

const EXTENSIONS = /^\.(jpe?g|png|webp|avif|tiff?|gif)$/i;

/**
 * The images that paths name, a folder standing for those in it. An image's id is the number that its name is, or, unless
 * all names are different numbers, its place in the list.
 * @throws DataError where a folder has no images
 */
export async function listImages(paths: readonly string[]): Promise<ImageToPredict[]> {
  const lists = await Promise.all(paths.map(imagesAt));
  const files = lists.flat();
  const ids = pictureIds(files);
  return files.map((path, i) => ({ path, id: ids[i] }));
}

async function imagesAt(path: string): Promise<string[]> {
  // What is not there is for the decoder to say, like what is broken.
  if (!(await stat(path).catch(() => undefined))?.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => EXTENSIONS.test(extname(name))).sort();
  if (names.length === 0) throw new DataError(`${path}: no images (jpg, png, webp, avif, tif, gif) in this folder`);
  return names.map((name) => join(path, name));
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
  const found = isJson ? boxesOfJson(await readJsonFile(file), file) : await readAnnotations(file);
  const named = imageList === undefined ? found : withPictureNames(found, await readJsonFile(imageList), imageList);
  return withBoxes(images, named, choice);
}
