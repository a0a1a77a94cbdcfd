import { DataError } from 'wgrad';
import { JsonEntry } from 'wgrad/io';
import type { Box } from '../dataset.js';
import type { Annotation, Annotations, Category, Id, Picture } from './annotations.js';
import { byId } from './byId.js';
import { PERSON } from './listedPictures.js';

/**
 * The boxes of a detector `[{image_id or file_name, bbox, score?, category_id?}, ...]` in pixels of the upright picture, also
 * with `box` for `bbox`, as AlphaPose writes them. An `image_id` that is a text is the picture's path.
 * @param content the file's JSON
 * @param file its name, for messages
 * @throws DataError naming file, entry and field for whatever is missing or wrong
 */
export function detections(content: unknown, file: string): Annotations {
  if (!Array.isArray(content)) throw new DataError(`${file}: expected a list of detections [{...}, ...]`);
  const pictures = new Map<Id, Picture>();
  const categories = new Map<Id, Category>();
  const people = content.map((value: unknown, i): Annotation => {
    const entry = new JsonEntry(value, file, `[${i}]`);
    const picture = pictureOf(entry);
    const category = entry.has('category_id') ? entry.id('category_id') : PERSON;
    const known = pictures.get(picture.id);
    if (known?.file !== undefined && picture.file !== undefined && known.file !== picture.file) {
      throw entry.error('image_id', `expected another id than that of ${known.file}`);
    }
    pictures.set(picture.id, known?.file === undefined ? picture : known);
    categories.set(category, {});
    return {
      id: entry.has('annotation_id') ? entry.id('annotation_id') : '',
      ...{ image: picture.id, category, keypoints: [], crowd: false, labelled: 0 },
      box: entry.numbers(entry.has('bbox') ? 'bbox' : 'box', 4) as unknown as Box,
      score: entry.has('score') ? entry.number('score') : undefined,
    };
  });
  return { file, pictures, categories, people, joints: 0, orientation: 'upright', leftOut: new Map() };
}

function pictureOf(entry: JsonEntry): Picture {
  const id = entry.has('image_id') ? entry.id('image_id') : undefined;
  if (entry.has('file_name')) {
    const file = entry.text('file_name');
    return { id: id ?? file, file };
  }
  if (id === undefined) throw entry.error('image_id', 'expected this or "file_name"');
  return typeof id === 'string' ? { id, file: id } : { id };
}

/**
 * The annotations with the names of pictures that another file lists.
 * @param list COCO's `{images: [{id, file_name}, ...]}`, or that list itself
 * @throws DataError naming what is missing, an id of two pictures, or where no id agrees
 */
export function withPictureNames(annotations: Annotations, list: unknown, listFile: string): Annotations {
  const root = new JsonEntry(Array.isArray(list) ? { images: list } : list, listFile);
  const names = byId(
    root.entries('images'),
    (image) => image.text('file_name'),
    (name) => name,
  );
  const pictures = new Map(
    [...annotations.pictures].map(
      ([id, picture]) => [id, { ...picture, file: names.get(id) ?? picture.file }] as const,
    ),
  );
  if (![...pictures.keys()].some((id) => names.has(id))) {
    throw new DataError(
      `${listFile}: none of its ids is one of ${annotations.file}; give the list that its ids are from`,
    );
  }
  return { ...annotations, pictures };
}
