import { basename, join } from 'node:path';
import { DataError } from 'wgrad';
import { JsonEntry } from 'wgrad/io';
import { readBytes, readJsonFile } from 'wgrad/io/node';
import type { CocoGroundTruth } from '../../coco/groundTruth.js';
import type { PoseDataset } from '../../dataset.js';
import { readMpiiMat } from '../../datasets/mpiiMat.js';
import { mpiiEntry, mpiiPerson } from '../../datasets/mpiiPeople.js';
import { mpiiTruthsOf } from '../../datasets/mpiiTruths.js';
import type { AnnotatedPerson } from '../../datasets/people.js';
import { mpii16 } from '../../schemas/mpii16.js';
import { annotatedSplit, exists, folderWith, imagePath } from './annotated.js';

/** Names under which the lists go about, and the folders they are kept in. */
const NAMES = { train: ['train.json', 'mpii_train.json'], test: ['valid.json', 'mpii_val.json'] } as const;
const PLACES = ['', 'annot', 'annotations'];
/** The authors' file, in the folder that its archive unpacks to, beside the pictures' or above. */
const MAT = ['', 'annot', 'annotations', 'mpii_human_pose_v1_u12_2'].map((place) =>
  join(place, 'mpii_human_pose_v1_u12_1.mat'),
);
/** Of the authors' file, whose test set has no labels, every tenth labelled picture tests. */
const HELD_OUT = 10;

/** The annotations of a folder of MPII: lists in JSON, or the authors' own file; undefined if neither is there. */
export async function mpiiFiles(
  folder: string,
): Promise<{ readonly train: string; readonly test: string } | { readonly mat: string } | undefined> {
  const find = async (names: readonly string[]) => {
    for (const path of names.map((name) => join(folder, name))) if (await exists(path)) return path;
    return undefined;
  };
  const inPlaces = (names: readonly string[]) => PLACES.flatMap((place) => names.map((name) => join(place, name)));
  const [train, test] = [await find(inPlaces(NAMES.train)), await find(inPlaces(NAMES.test))];
  if (train && test) return { train, test };
  const mat = await find(MAT);
  return mat === undefined ? undefined : { mat };
}

/**
 * MPII Human Pose (Andriluka et al., CVPR 2014), pictures in `images/`, in either of two forms. The JSON of Simple Baselines,
 * HRNet and mmpose: `train.json` and `valid.json` (or `mpii_train.json`, `mpii_val.json`), perhaps in `annot/`, of people
 * `{image, center: [x, y], scale, joints: [[x, y] x 16], joints_vis: [0 | 1 x 16]}` in 1-based pixels. Or the authors'
 * `mpii_human_pose_v1_u12_1.mat` (see `readMpiiMat`), of which every tenth labelled picture tests, since the list that others
 * validate on is not in it. The box is the square of side `200 scale` around the centre, moved down by `15 scale` (as those
 * codes do, to keep feet in the crop).
 * @throws DataError naming file, person and field for whatever is missing or broken
 */
export async function mpii(folder: string): Promise<PoseDataset> {
  const files = await mpiiFiles(folder);
  if (!files) {
    throw new DataError(`${folder}: no train.json and valid.json in it or in its annot/, and no ${basename(MAT[0])}`);
  }
  const people =
    'mat' in files
      ? await peopleOfMat(files.mat, folder)
      : { train: await peopleOf(files.train, folder), test: await peopleOf(files.test, folder) };
  const split = (part: 'train' | 'test') =>
    annotatedSplit(people[part], {
      schema: mpii16,
      origin: { module: import.meta.url, name: 'mpii', args: [folder], part },
      upright: false,
    });
  return { name: 'mpii', schema: mpii16, mirrorable: true, train: split('train'), test: split('test') };
}

async function peopleOfMat(file: string, folder: string): Promise<Record<'train' | 'test', AnnotatedPerson[]>> {
  const images = await readMpiiMat(await readBytes(file), file);
  if (images.length === 0) throw new DataError(`${file}: nobody in it has joints`);
  const pictures = await folderWith(images[0][0].image, [join(folder, 'images'), folder], file);
  const people: Record<'train' | 'test', AnnotatedPerson[]> = { train: [], test: [] };
  images.forEach((image, i) => {
    const part = (i + 1) % HELD_OUT === 0 ? people.test : people.train;
    image.forEach((person, j) => {
      const id = `${basename(person.image)} (person ${j + 1})`;
      part.push(mpiiPerson(person, id, imagePath(pictures, person.image, file)));
    });
  });
  return people;
}

async function peopleOf(file: string, folder: string): Promise<AnnotatedPerson[]> {
  const list = await readJsonFile(file);
  if (!Array.isArray(list) || list.length === 0) throw new DataError(`${file}: expected a list of people [{...}, ...]`);
  const entries = list.map((value: unknown, i) => new JsonEntry(value, file, `[${i}]`));
  const pictures = await folderWith(entries[0].text('image'), [join(folder, 'images'), folder], file);
  return entries
    .map((entry, i) => {
      const person = mpiiEntry(entry);
      return mpiiPerson(person, `${basename(person.image)} (person ${i})`, imagePath(pictures, person.image, file));
    })
    .filter(({ weights }) => weights.some(Boolean));
}

/** Reads the labelled people of MPII's own `.mat`. @throws DataError as `mpiiTruthsOf`, and where the file cannot be read */
export async function mpiiTruths(file: string): Promise<CocoGroundTruth> {
  return mpiiTruthsOf(await readBytes(file), file);
}
