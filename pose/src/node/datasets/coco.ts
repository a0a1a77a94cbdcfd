import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DataError } from 'wgrad';
import type { CocoGroundTruth } from '../../coco/groundTruth.js';
import { schemaOf } from '../../coco/schemaOf.js';
import type { PoseDataset } from '../../dataset.js';
import { type AnnotatedPerson, boxInPixels, jointsOf } from '../../datasets/people.js';
import type { JointSchema } from '../../schema.js';
import { haveSameJoints } from '../../schemas/known.js';
import { readGroundTruth } from '../jsonFiles.js';
import { annotatedSplit, folderWith, imagePath } from './annotated.js';

/** COCO's names and those of data sets in its form: person_keypoints_train2017.json, crowdpose_val.json. */
const ANNOTATIONS = /^(person_keypoints|crowdpose)_(.+)\.json$/;

/** Of a file without parts, every so many-th picture is held out. */
const HELD_OUT = 5;

type Part = 'train' | 'test';

/** The annotation files of a folder in COCO's form, in the folder itself or in `annotations/`; none if it is none. */
export async function cocoFiles(folder: string): Promise<string[]> {
  const lists = await Promise.all(
    [folder, join(folder, 'annotations')].map(async (place) => {
      const names = await readdir(place).catch(() => []);
      return names.filter((name) => ANNOTATIONS.test(name)).map((name) => join(place, name));
    }),
  );
  return lists.flat().sort();
}

/**
 * COCO keypoints (Lin et al., ECCV 2014) or a data set in its form: `annotations/person_keypoints_*.json`, or the same
 * without `annotations/`, and pictures in `images/`, `train2017/`, `images/train2017/` and so on. A file with "train" in its
 * name trains, one with "val" or "test" tests. If only one kind is there, pictures go by their "split" field ("train...", or
 * anything else), and without that every fifth picture is held out; people of one picture stay together.
 *
 * Crowds and people without a labelled joint are left out, as the official code and mmpose do. Joints with v = 0 weigh
 * nothing, hidden ones count fully. Boxes are limited to the picture, which is read as stored, whatever its EXIF orientation.
 * @throws DataError naming file, annotation and field for whatever is missing or broken
 */
export async function coco(folder: string): Promise<PoseDataset> {
  const files = await cocoFiles(folder);
  if (files.length === 0) throw new DataError(`${folder}: no person_keypoints_*.json in it or in its annotations/`);
  const parts: Record<Part, AnnotatedPerson[]> = { train: [], test: [] };
  const kinds = files.map((file) => (/train/.test(basename(file)) ? 'train' : 'test'));
  const isMixed = new Set(kinds).size === 1;
  let schema: JointSchema | undefined;
  for (const [i, file] of files.entries()) {
    // The area, which a few files in this form lack, is the metric's business.
    const truth = await readGroundTruth(file, 'box');
    const own = schemaOf(truth);
    if (schema && !haveSameJoints(schema, own))
      throw new DataError(`${file}: its joints are ${own.name}, those before ${schema.name}`);
    schema = own;
    const partOf = isMixed ? partsOf(truth) : () => kinds[i];
    for (const [image, person] of await peopleOf(truth, folder)) parts[partOf(image)].push(person);
  }
  const split = (part: Part) =>
    annotatedSplit(parts[part], {
      schema: schema as JointSchema,
      origin: { module: import.meta.url, name: 'coco', args: [folder], part },
      upright: false,
    });
  const name = basename(files[0]).startsWith('crowdpose') ? 'crowdpose' : 'coco';
  return {
    name,
    schema: schema as JointSchema,
    mirrorable: schema?.flipPairs !== undefined,
    train: split('train'),
    test: split('test'),
  };
}

function partsOf({ images }: CocoGroundTruth): (image: number) => Part {
  const all = [...images.values()].sort((a, b) => a.id - b.id);
  const isNamed = all.some(({ split }) => split !== undefined);
  const isTraining = ({ split = 'train' }, i: number) => (isNamed ? /^train/.test(split) : (i + 1) % HELD_OUT > 0);
  const training = new Set(all.filter(isTraining).map(({ id }) => id));
  return (image) => (training.has(image) ? 'train' : 'test');
}

/** Those who can be trained on, each with the id of the picture. */
async function peopleOf(truth: CocoGroundTruth, folder: string): Promise<[image: number, person: AnnotatedPerson][]> {
  const { file, images, truths } = truth;
  const labelled = truths.filter(({ crowd, labelled, keypoints }) => !crowd && labelled > 0 && hasJoint(keypoints));
  if (labelled.length === 0) throw new DataError(`${file}: nobody in it has a labelled joint`);
  const fileOf = (image: number) => {
    const name = images.get(image)?.file;
    if (name === undefined) throw new DataError(`${file}: image ${image} has no "file_name"`);
    return name;
  };
  const tag = ANNOTATIONS.exec(basename(file))?.[2] ?? '';
  const places = ['images', tag, join('images', tag), '.'].map((place) => join(folder, place));
  // Whoever names the folder annotations/ itself means the one above.
  const pictures = await folderWith(fileOf(labelled[0].image), [...places, join(dirname(folder), tag)], file);
  return labelled.flatMap(({ id, image, keypoints, box }): [number, AnnotatedPerson][] => {
    const { size } = images.get(image) ?? {};
    const tight = boxInPixels(box, ...(size ?? [Infinity, Infinity]));
    if (!tight) return [];
    const path = imagePath(pictures, fileOf(image), file);
    return [[image, { id: `${basename(path)} (annotation ${id})`, path, size, box: tight, ...jointsOf(keypoints) }]];
  });
}

function hasJoint(keypoints: ArrayLike<number>): boolean {
  return Array.from(keypoints).some((v, i) => i % 3 === 2 && v > 0);
}
