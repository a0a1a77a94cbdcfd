import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { DataError } from 'wgrad';
import { readJsonFile } from 'wgrad/io/node';
import { boxesOfJson, boxesOfList, boxesOfTruths, type ImageBoxes, withBoxes } from '../../predict/imageBoxes.js';
import { type ImageToPredict, numberOf } from '../../predict/imageToPredict.js';
import { readBoxes } from '../datasets/boxes.js';
import { mpiiTruths } from '../datasets/mpii.js';

const EXTENSIONS = /^\.(jpe?g|png|webp|avif|tiff?|gif)$/i;

/**
 * The images that paths name, a folder standing for those in it. An image's id is the number that its name is, or, unless
 * all names are different numbers, its place in the list.
 * @throws DataError where a folder has no images
 */
export async function listImages(paths: readonly string[]): Promise<ImageToPredict[]> {
  const lists = await Promise.all(paths.map(imagesAt));
  const files = lists.flat();
  const numbers = files.map((path) => numberOf(path));
  const areIds = numbers.every((id) => id !== undefined) && new Set(numbers).size === numbers.length;
  return files.map((path, i) => ({ path, id: areIds ? (numbers[i] as number) : i + 1 }));
}

async function imagesAt(path: string): Promise<string[]> {
  // What is not there is for the decoder to say, like what is broken.
  if (!(await stat(path).catch(() => undefined))?.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => EXTENSIONS.test(extname(name))).sort();
  if (names.length === 0) throw new DataError(`${path}: no images (jpg, png, webp, avif, tif, gif) in this folder`);
  return names.map((name) => join(path, name));
}

/**
 * Gives images the boxes of a file, in pixels of the upright image: COCO annotations `{images, annotations}`, of which
 * crowds are left out, a list of detections `[{image_id or file_name, bbox, score?, category_id?}, ...]`, CSV (see
 * `readBoxes`), or the labelled people of MPII's own `.mat`. Images of the file are found by name, those of detections with an `image_id` alone by the
 * number that their name is.
 * @throws DataError naming file, entry and field for whatever is missing or wrong, or where no image has a box
 */
export async function withBoxesOf(images: readonly ImageToPredict[], file: string): Promise<ImageToPredict[]> {
  return withBoxes(images, await readImageBoxes(file), file);
}

async function readImageBoxes(file: string): Promise<ImageBoxes> {
  const extension = extname(file).toLowerCase();
  if (extension === '.mat') return boxesOfTruths(await mpiiTruths(file));
  if (extension === '.csv') return boxesOfList(await readBoxes(file));
  return boxesOfJson(await readJsonFile(file), file);
}
