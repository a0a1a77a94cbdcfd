import { DataError } from 'wgrad';
import { JsonEntry } from 'wgrad/io';
import { type Box, jointBox } from '../dataset.js';
import type { Annotation, Annotations, Category, Id, Picture } from './annotations.js';
import { byId } from './byId.js';
import { cocoKeypoints, isOneBased, jointCount, oneBased } from './cocoKeypoints.js';
import { PERSON } from './listedPictures.js';
import { Tally } from './tally.js';

/** Pixels per unit of `scale`. */
const SCALE_UNIT = 200;

/** Coordinates that all lie below this are shares of the picture, not pixels. */
const LARGEST_SHARE = 1.5;

/**
 * The annotations `{images, categories, annotations}` that a COCO keypoints file holds. Ids may be numbers or texts. An
 * annotation without `keypoints` has a box alone; one without `bbox` has the box around its joints; a joint with a
 * coordinate `null` has no label. Keypoints may also be a list of `[x, y, v]` or `[x, y]`. JHMDB, known by its joints, counts pixels
 * from 1.
 * @param content the file's JSON
 * @param file its name, for messages
 * @throws DataError naming file, annotation and field for whatever is missing or no number, for an annotation of an image
 * or category that is not listed, for an id that two of these have, and for coordinates that are shares of the picture
 */
export function cocoAnnotations(content: unknown, file: string): Annotations {
  const root = new JsonEntry(content, file);
  const pictures = byId(root.entries('images'), readPicture, (picture) => picture.file);
  const categories = root.has('categories')
    ? byId(root.entries('categories'), readCategory, ({ name }) => name)
    : undefined;
  const entries = root.has('annotations') ? root.entries('annotations') : [];
  const first = entries.find((entry) => hasList(entry, 'keypoints'));
  const joints = first ? jointCount(first) : 0;
  const leftOut = new Tally();
  const seen = new Set<string>();
  const people = entries.flatMap((entry) => {
    if (first && hasList(entry, 'keypoints')) checkCategories(first, entry);
    const person = readPerson(entry, joints, leftOut);
    const whole = JSON.stringify(person);
    if (seen.has(whole)) {
      leftOut.add('annotations given twice');
      return [];
    }
    seen.add(whole);
    if (!pictures.has(person.image)) {
      throw entry.error('image_id', 'expected the id of an image that the file lists');
    }
    if (categories && !categories.has(person.category)) {
      throw entry.error(
        'category_id',
        `expected a category that the file lists (${[...categories.keys()].join(', ')})`,
      );
    }
    return person;
  });
  const isFromOne = isOneBased([...(categories?.values() ?? [])]);
  const annotations: Annotations = {
    ...{ file, pictures, joints, leftOut, people: isFromOne ? people.map(oneBased) : people },
    ...(isFromOne && { notes: [`${file}: JHMDB's pixels, which count from 1, are moved by one`] }),
    categories: categories ?? new Map<Id, Category>(people.map(({ category }) => [category, {}])),
    orientation: 'upright',
  };
  checkPixels(annotations);
  return annotations;
}

/** @throws DataError where two categories have not as many joints */
function checkCategories(first: JsonEntry, entry: JsonEntry): void {
  if (!entry.has('category_id') || !first.has('category_id')) return;
  const [before, own] = [first, entry].map((one) => one.id('category_id'));
  const [wanted, got] = [jointCount(first), jointCount(entry)];
  if (before === own || wanted === got) return;
  throw entry.error(
    'keypoints',
    `expected ${3 * wanted} numbers, as category ${before} has, or one category alone in the file`,
  );
}

function readPicture(image: JsonEntry): Picture {
  return {
    id: image.id('id'),
    file: image.has('file_name') ? image.text('file_name') : undefined,
    size: image.has('width') && image.has('height') ? [image.integer('width'), image.integer('height')] : undefined,
    split: image.has('split') ? image.text('split') : undefined,
  };
}

function readPerson(entry: JsonEntry, joints: number, leftOut: Tally): Annotation {
  if (entry.has('joint_valid') && !entry.has('keypoints')) {
    throw entry.error('joint_valid', 'expected "keypoints": joints in space, in a file of their own, are not read');
  }
  const keypoints = hasList(entry, 'keypoints')
    ? cocoKeypoints(entry, joints, leftOut)
    : Array<number>(3 * joints).fill(0);
  const labels = keypoints.filter((v, i) => i % 3 === 2 && v > 0).length;
  return {
    id: entry.id('id'),
    image: entry.id('image_id'),
    category: entry.has('category_id') ? entry.id('category_id') : PERSON,
    keypoints,
    ...readBoxes(entry, keypoints, leftOut),
    area: entry.has('area') ? entry.number('area', 0) : undefined,
    crowd: entry.has('iscrowd') && entry.flag('iscrowd'),
    labelled: entry.has('num_keypoints') ? entry.integer('num_keypoints') : labels,
    headBox: entry.has('head_box') ? (entry.numbers('head_box', 4) as unknown as Box) : undefined,
  };
}

/** The rectangle around the joints, where there is nothing else. */
function aroundJoints(keypoints: readonly number[]): Pick<Annotation, 'box' | 'frame'> {
  const labelled = keypoints.filter((_, i) => keypoints[i - (i % 3) + 2] > 0);
  const around = jointBox(
    labelled.filter((_, i) => i % 3 < 2),
    labelled.filter((_, i) => i % 3 === 2),
  );
  return { box: around, frame: around };
}

/**
 * The box: `bbox`; or the square of side `200 scale` around `center`, as mmpose's faces have it; or the rectangle around the
 * joints. The square counts where it holds half of the joints, since some files mean another scale.
 */
function readBoxes(entry: JsonEntry, keypoints: readonly number[], leftOut: Tally): Pick<Annotation, 'box' | 'frame'> {
  if (hasList(entry, 'bbox')) return { box: entry.numbers('bbox', 4) as unknown as Box };
  if (!entry.has('center') || !entry.has('scale')) return aroundJoints(keypoints);
  const [[x, y], side] = [entry.numbers('center', 2), entry.number('scale') * SCALE_UNIT];
  const isIn = (_: number, i: number) =>
    Math.abs(keypoints[i] - x) <= side / 2 && Math.abs(keypoints[i + 1] - y) <= side / 2;
  const labelled = keypoints.filter((_, i) => i % 3 === 2 && keypoints[i] > 0).length;
  const within = keypoints.filter((v, i) => i % 3 === 0 && keypoints[i + 2] > 0 && isIn(v, i)).length;
  if (2 * within >= labelled && side > 0) {
    const square = [x - side / 2, y - side / 2, side, side] as const;
    return { box: square, frame: square };
  }
  leftOut.add('squares of center and scale with fewer than half of the joints in them');
  return aroundJoints(keypoints);
}

/** @throws DataError where coordinates look like shares of the picture: as pixels they would all be in one corner */
function checkPixels({ file, people }: Annotations): void {
  let [largest, count] = [0, 0];
  for (const { keypoints } of people) {
    for (let at = 0; at < keypoints.length; at += 3) {
      if (!(keypoints[at + 2] > 0)) continue;
      largest = Math.max(largest, Math.abs(keypoints[at]), Math.abs(keypoints[at + 1]));
      count++;
    }
  }
  if (count > 2 && largest > 0 && largest < LARGEST_SHARE) {
    throw new DataError(
      `${file}: all ${count} labelled joints lie within ${largest} of the corner, so that they are shares of the ` +
        "picture; expected pixels: multiply x by the picture's width and y by its height",
    );
  }
}

const hasList = (entry: JsonEntry, field: string): boolean => entry.has(field) && entry.list(field).length > 0;

/** A category `{name?, keypoints?: [names], skeleton?: [[1-based joint, joint], ...]}`. */
function readCategory(category: JsonEntry): Category {
  return {
    name: category.has('name') ? category.text('name') : undefined,
    joints: hasList(category, 'keypoints') ? jointNames(category) : undefined,
    skeleton: hasList(category, 'skeleton') && hasList(category, 'keypoints') ? skeletonOf(category) : undefined,
  };
}

function jointNames(category: JsonEntry): readonly string[] {
  return category.list('keypoints').map((name, k) => {
    if (typeof name !== 'string') throw category.error(`keypoints[${k}]`, 'expected the name of a joint', name);
    return name;
  });
}

/**
 * COCO's skeletons count joints from 1, those of some programs from 0 or by their names. A skeleton with joints that are not there, as in
 * CrowdPose's own files, is none: it is only drawn.
 */
function skeletonOf(category: JsonEntry): [number, number][] | undefined {
  const names = jointNames(category);
  const limbs = category.list('skeleton').map((limb, i): [number, number] => {
    const ends = Array.isArray(limb) ? limb.map((end) => (names.includes(end) ? names.indexOf(end) + 1 : end)) : [];
    if (ends.length === 2 && ends.every(Number.isSafeInteger)) return [ends[0], ends[1]];
    throw category.error(`skeleton[${i}]`, 'expected two joints, by number or name', limb);
  });
  const first = limbs.flat().includes(0) ? 0 : 1;
  const count = category.list('keypoints').length;
  const isOfJoints = limbs.flat().every((joint) => joint >= first && joint < count + first);
  return isOfJoints ? limbs.map(([from, to]) => [from - first, to - first]) : undefined;
}
