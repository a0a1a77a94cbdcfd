import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { DataError } from 'wgrad';
import { JsonEntry } from 'wgrad/io';
import { readJsonFile } from 'wgrad/io/node';
import type { Box } from '../dataset.js';
import { readBoxes } from '../datasets/boxes.js';
import { mpiiTruths } from '../datasets/mpiiTruths.js';

/** A person to be looked at. */
export interface PersonBox {
  readonly box: Box;
  /** COCO's; 1 is "person". */
  readonly category: number;
  /** Of a detection. */
  readonly score?: number;
  /** The annotation that the box is from. */
  readonly annotation?: number;
}

/** An image and the people in it; without a list the whole image is one person's box. */
export interface ImageToPredict {
  readonly path: string;
  readonly id: number;
  readonly people?: readonly PersonBox[];
}

const PERSON = 1;
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

/** `000000000785.jpg` is 785. */
function numberOf(path: string): number | undefined {
  const stem = basename(path, extname(path));
  const id = /^\d+$/.test(stem) ? Number(stem) : Number.NaN;
  return Number.isSafeInteger(id) ? id : undefined;
}

/**
 * Gives images the boxes of a file, in pixels of the upright image: COCO annotations `{images, annotations}`, of which
 * crowds are left out, a list of detections `[{image_id or file_name, bbox, score?, category_id?}, ...]`, CSV (see
 * `readBoxes` of the data sets), or the labelled people of MPII's own `.mat`. Images of the file are found by name, those of detections with an `image_id` alone by the
 * number that their name is.
 * @throws DataError naming file, entry and field for whatever is missing or wrong, or where no image has a box
 */
export async function withBoxes(images: readonly ImageToPredict[], file: string): Promise<ImageToPredict[]> {
  const boxes = await boxesOf(file);
  const known = images.map((image) => {
    const found = boxes.get(basename(image.path)) ?? boxes.get(numberOf(image.path) ?? -1);
    return { path: image.path, id: found?.id ?? image.id, people: found?.people ?? [] };
  });
  if (known.some(({ people }) => people.length > 0)) return known;
  throw new DataError(`${file}: no box for any of ${images.length} images such as ${basename(images[0].path)}`);
}

/** People by the name or the id of their image. */
type Boxes = Map<string | number, { readonly id?: number; readonly people: PersonBox[] }>;

async function boxesOf(file: string): Promise<Boxes> {
  const boxes: Boxes = new Map();
  const add = (key: string | number, person: PersonBox, id?: number) => {
    const image = boxes.get(key) ?? { id, people: [] };
    image.people.push(person);
    boxes.set(key, image);
  };
  if (extname(file).toLowerCase() === '.mat') {
    const { images, truths } = await mpiiTruths(file);
    for (const { id, image, box } of truths)
      add(images.get(image)?.file ?? image, { box, category: PERSON, annotation: id }, image);
    return boxes;
  }
  if (extname(file).toLowerCase() === '.csv') {
    for (const { file: name, box, score } of await readBoxes(file))
      add(basename(name), { box, score, category: PERSON });
    return boxes;
  }
  const content = await readJsonFile(file);
  if (Array.isArray(content)) {
    content.forEach((value, i) => {
      const entry = new JsonEntry(value, file, `[${i}]`);
      const id = entry.has('image_id') ? entry.integer('image_id') : undefined;
      const name = nameOf(value);
      if (name === undefined && id === undefined) throw entry.error('image_id', 'expected this or "file_name"');
      add(name ?? (id as number), personOf(entry), id);
    });
    return boxes;
  }
  const root = new JsonEntry(content, file);
  const names = new Map<number, string>();
  const list = root.list('images');
  root.entries('images').forEach((entry, i) => {
    const name = nameOf(list[i]);
    if (name === undefined) throw entry.error('file_name', 'expected the name of the image');
    names.set(entry.integer('id'), name);
  });
  for (const entry of root.entries('annotations')) {
    if (entry.has('iscrowd') && entry.number('iscrowd') !== 0) continue;
    const id = entry.integer('image_id');
    const name = names.get(id);
    if (name === undefined) throw entry.error('image_id', 'expected the id of an image that the file lists');
    add(name, { ...personOf(entry), annotation: entry.integer('id') }, id);
  }
  return boxes;
}

function nameOf(value: unknown): string | undefined {
  const { file_name: name } = (value ?? {}) as { file_name?: unknown };
  return typeof name === 'string' ? basename(name) : undefined;
}

function personOf(entry: JsonEntry): PersonBox {
  return {
    box: entry.numbers('bbox', 4) as unknown as Box,
    category: entry.has('category_id') ? entry.integer('category_id') : PERSON,
    score: entry.has('score') ? entry.number('score') : undefined,
    annotation: entry.has('annotation_id') ? entry.integer('annotation_id') : undefined,
  };
}
