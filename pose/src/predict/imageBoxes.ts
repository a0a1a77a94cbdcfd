import { DataError } from 'wgrad';
import type { Annotation, Annotations, Id, Picture } from '../datasets/annotations.js';
import { detections } from '../datasets/detections.js';
import { isAnnotations, jsonAnnotations } from '../datasets/jsonAnnotations.js';
import { PERSON } from '../datasets/listedPictures.js';
import { numberOf } from '../datasets/pictureIds.js';
import { PicturePaths } from '../datasets/picturePaths.js';
import { Tally } from '../datasets/tally.js';
import type { ImageToPredict, PersonBox } from './imageToPredict.js';

/** Which boxes of a file count. */
export interface BoxChoice {
  /** Name or id of a category, or `all`; absent: people where categories have names, otherwise the only category. */
  readonly category?: string;
  /** Boxes of a lower score are left out. */
  readonly minScore?: number;
}

/** Images with their boxes, and what of the file was left out. */
export interface BoxedImages {
  readonly images: readonly ImageToPredict[];
  readonly leftOut: Tally;
  /** What the reader decided, a line each. */
  readonly notes: readonly string[];
}

/** The boxes in a file's JSON: any annotations that wgrad reads, or a list of detections (see `detections`). @throws DataError as they */
export function boxesOfJson(content: unknown, file: string): Annotations {
  return isAnnotations(content) || !Array.isArray(content) ? jsonAnnotations(content, file) : detections(content, file);
}

/**
 * Gives images the boxes of a file, but for crowds. An image is found by its path, as far as both sides tell it (see
 * `PicturePaths`); where the file has no names, by the number that its name is.
 * @throws DataError where a path could be two pictures, where it is not clear which categories are people, or where no
 * image has a box
 */
export function withBoxes(
  images: readonly ImageToPredict[],
  annotations: Annotations,
  choice: BoxChoice = {},
): BoxedImages {
  const { file, pictures } = annotations;
  const leftOut = new Tally(annotations.leftOut);
  const people = new Map<Id, Annotation[]>();
  for (const person of chosen(annotations, choice, leftOut)) {
    people.set(person.image, [...(people.get(person.image) ?? []), person]);
  }
  const named = [...pictures.values()].filter((picture) => picture.file !== undefined);
  const places = new PicturePaths(named.map((picture) => picture.file as string)).matches(
    images.map(({ path }) => path),
    file,
  );
  const numbered = numberedPictures(images, annotations);
  const taken = new Set<Id>();
  const isOf = isMappable(annotations) ? () => PERSON : ({ category }: Annotation) => category;
  const known = images.map((image, i): ImageToPredict => {
    const place = places[i];
    const picture = place === undefined ? numbered[i] : named[place];
    if (!picture) return { ...image, people: [] };
    taken.add(picture.id);
    const boxes = (people.get(picture.id) ?? []).map((person) => boxOf(person, isOf(person)));
    return {
      // A name is no id: results then have that of the image.
      ...{
        path: image.path,
        id: picture.id === picture.file ? image.id : picture.id,
        orientation: annotations.orientation,
        people: boxes,
      },
      ...(picture.file !== undefined && { name: picture.file }),
      ...(picture.size && { size: picture.size }),
    };
  });
  leftOut.add(
    'boxes of pictures that were not given',
    [...people].reduce((sum, [id, { length }]) => sum + (taken.has(id) ? 0 : length), 0),
  );
  if (known.some(({ people: found }) => found && found.length > 0))
    return { images: known, leftOut, notes: annotations.notes ?? [] };
  const why = leftOut.size > 0 ? `; left out: ${leftOut.text()}` : '';
  throw new DataError(
    `${file}: no box for ${images.length === 1 ? '' : `any of ${images.length} images such as `}${images[0].path}${why}`,
  );
}

/**
 * The pictures without names that images are by the numbers of their own names. @throws DataError where two images have one number
 */
function numberedPictures(images: readonly ImageToPredict[], { file, pictures }: Annotations): (Picture | undefined)[] {
  const owners = new Map<Id, string>();
  return images.map(({ path }) => {
    const picture = pictures.get(numberOf(path) ?? '');
    if (picture === undefined || picture.file !== undefined) return undefined;
    const other = owners.get(picture.id);
    if (other !== undefined && other !== path) {
      throw new DataError(
        `${other} and ${path} could both be image ${picture.id} of ${file}; expected the names of its images: give them with ` +
          '--image-list FILE, or the pictures of one folder',
      );
    }
    owners.set(picture.id, path);
    return picture;
  });
}

function chosen(annotations: Annotations, { category, minScore }: BoxChoice, leftOut: Tally): Annotation[] {
  const ids = categoriesOf(annotations, category);
  return annotations.people.filter((person) => {
    const reason = person.crowd
      ? 'crowds'
      : !ids.has(person.category)
        ? 'boxes of other categories'
        : minScore !== undefined && (person.score ?? 1) < minScore
          ? `boxes of a score below ${minScore}`
          : undefined;
    if (reason) leftOut.add(reason);
    return reason === undefined;
  });
}

/** @throws DataError where the category does not exist, or where several without names leave open which are people */
function categoriesOf({ file, categories, people }: Annotations, wanted: string | undefined): ReadonlySet<Id> {
  const names = [...categories].map(([id, { name }]) => ({ id, name: name ?? String(id) }));
  if (wanted === 'all') return new Set(categories.keys());
  if (wanted !== undefined) {
    const found = names.filter(({ id, name }) => alike(name) === alike(wanted) || String(id) === wanted);
    if (found.length > 0) return new Set(found.map(({ id }) => id));
    const known = names.map(({ name }) => name).join(', ');
    throw new DataError(`--category ${wanted}: ${file} has ${known}; give one of these, or all`);
  }
  const persons = names.filter(({ name }) => alike(name) === 'person');
  if (persons.length > 0) return new Set(persons.map(({ id }) => id));
  const used = new Set(people.map((person) => person.category));
  if (used.size > 1 && [...used].every((id) => categories.get(id)?.name === undefined)) {
    throw new DataError(
      `${file}: boxes of ${used.size} categories (${[...used].join(', ')}) without names; say with --category which are ` +
        'people, or take all',
    );
  }
  return used;
}

const alike = (name: string): string => name.toLowerCase().trim();

/** Detectors number their categories as they like; COCO's results of poses have category 1. */
function isMappable({ categories }: Annotations): boolean {
  return [...categories.values()].every(({ name }) => name === undefined);
}

function boxOf({ id, box, frame, padding, score }: Annotation, category: Id): PersonBox {
  return {
    ...{ box, category },
    ...(frame && { frame }),
    ...(padding !== undefined && { padding }),
    ...(score !== undefined && { score }),
    ...(id !== '' && { annotation: id }),
  };
}
