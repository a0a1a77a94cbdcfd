import { DataError } from 'wgrad';
import { JsonEntry } from 'wgrad/io';
import type { CocoGroundTruth } from '../coco/groundTruth.js';
import type { Box } from '../dataset.js';
import type { BoxedPerson } from '../datasets/boxes.js';
import { fileName } from '../fileName.js';
import { type ImageToPredict, numberOf, type PersonBox } from './imageToPredict.js';

const PERSON = 1;

/** People by the name or the id of their image. */
export type ImageBoxes = Map<string | number, { readonly id?: number; readonly people: PersonBox[] }>;

class Collected {
  readonly boxes: ImageBoxes = new Map();

  add(key: string | number, person: PersonBox, id?: number): void {
    const image = this.boxes.get(key) ?? { id, people: [] };
    image.people.push(person);
    this.boxes.set(key, image);
  }
}

/** The boxes of annotated people, by image. */
export function boxesOfTruths({ images, truths }: CocoGroundTruth): ImageBoxes {
  const found = new Collected();
  for (const { id, image, box } of truths) {
    found.add(images.get(image)?.file ?? image, { box, category: PERSON, annotation: id }, image);
  }
  return found.boxes;
}

/** The boxes of a list, by image. */
export function boxesOfList(people: readonly BoxedPerson[]): ImageBoxes {
  const found = new Collected();
  for (const { file, box, score } of people) found.add(fileName(file), { box, score, category: PERSON });
  return found.boxes;
}

/**
 * The boxes in a file's JSON, by image: COCO annotations `{images, annotations}`, without crowds, or a list of
 * detections `[{image_id or file_name, bbox, score?, category_id?}, ...]`.
 * @throws DataError naming file, entry and field for whatever is missing or wrong
 */
export function boxesOfJson(content: unknown, file: string): ImageBoxes {
  const found = new Collected();
  if (Array.isArray(content)) {
    content.forEach((value, i) => {
      const entry = new JsonEntry(value, file, `[${i}]`);
      const id = entry.has('image_id') ? entry.integer('image_id') : undefined;
      const name = nameOf(value);
      if (name === undefined && id === undefined) throw entry.error('image_id', 'expected this or "file_name"');
      found.add(name ?? (id as number), personOf(entry), id);
    });
    return found.boxes;
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
    found.add(name, { ...personOf(entry), annotation: entry.integer('id') }, id);
  }
  return found.boxes;
}

/**
 * Gives images the boxes of a file. An image is found by its name; where detections have only an `image_id`, by the
 * number in its name.
 * @throws DataError where no image has a box
 */
export function withBoxes(images: readonly ImageToPredict[], boxes: ImageBoxes, file: string): ImageToPredict[] {
  const known = images.map((image) => {
    const found = boxes.get(fileName(image.path)) ?? boxes.get(numberOf(image.path) ?? -1);
    return { path: image.path, id: found?.id ?? image.id, people: found?.people ?? [] };
  });
  if (known.some(({ people }) => people.length > 0)) return known;
  throw new DataError(`${file}: no box for any of ${images.length} images such as ${fileName(images[0].path)}`);
}

function nameOf(value: unknown): string | undefined {
  const { file_name: name } = (value ?? {}) as { file_name?: unknown };
  return typeof name === 'string' ? fileName(name) : undefined;
}

function personOf(entry: JsonEntry): PersonBox {
  return {
    box: entry.numbers('bbox', 4) as unknown as Box,
    category: entry.has('category_id') ? entry.integer('category_id') : PERSON,
    score: entry.has('score') ? entry.number('score') : undefined,
    annotation: entry.has('annotation_id') ? entry.integer('annotation_id') : undefined,
  };
}
