import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DataError } from 'wgrad';
import { JsonEntry } from 'wgrad/io';
import { fileError, readJsonFile } from 'wgrad/io/node';
import type { PoseDataset } from '../dataset.js';
import { mpii16 } from '../schemas/mpii16.js';
import { type AnnotatedPerson, annotatedSplit, exists, folderWith, imagePath } from './annotated.js';
import { type MpiiPerson, readMpiiMat } from './mpiiMat.js';

/** Names under which the lists go about, and the folders they are kept in. */
const NAMES = { train: ['train.json', 'mpii_train.json'], test: ['valid.json', 'mpii_val.json'] } as const;
const PLACES = ['', 'annot', 'annotations'];
/** The authors' file, in the folder that its archive unpacks to, beside the pictures' or above. */
const MAT = ['', 'annot', 'annotations', 'mpii_human_pose_v1_u12_2'].map((place) =>
  join(place, 'mpii_human_pose_v1_u12_1.mat'),
);
/** Of the authors' file, whose test set has no labels, every tenth labelled picture tests. */
const HELD_OUT = 10;

/** A person's `scale` is its height in units of so many pixels. */
const SCALE_UNIT = 200;
/** Crops are moved down by so many `scale`s, since the annotated centre lies high in the body. */
const SHIFT = 15;

const JOINTS = mpii16.joints.length;

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
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw fileError('cannot read', file, cause);
  });
  const images = readMpiiMat(bytes, file);
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
      const person = readPerson(entry);
      return mpiiPerson(person, `${basename(person.image)} (person ${i})`, imagePath(pictures, person.image, file));
    })
    .filter(({ weights }) => weights.some(Boolean));
}

function readPerson(entry: JsonEntry): MpiiPerson {
  const [x, y] = entry.numbers('center', 2);
  const scale = entry.number('scale');
  if (scale <= 0) throw entry.error('scale', 'expected a number above 0');
  const visible = entry.numbers('joints_vis', JOINTS);
  const points = entry.list('joints');
  if (points.length !== JOINTS) throw entry.error('joints', `expected ${JOINTS} points [x, y]`);
  const joints = points.map((point, k): [number, number] | null => {
    if (!Array.isArray(point) || point.length !== 2 || !point.every(Number.isFinite)) {
      throw entry.error(`joints[${k}]`, 'expected [x, y]', point);
    }
    return visible[k] > 0 ? [point[0], point[1]] : null;
  });
  return { image: entry.text('image'), center: [x, y], scale, joints };
}

/** A person in 0-based pixels, with the box that crops are made of. */
export function mpiiPerson(person: MpiiPerson, id: string, path: string): AnnotatedPerson {
  const { center, scale, joints: points, head } = person;
  const [x, y] = center;
  const side = scale * SCALE_UNIT;
  const joints = new Float64Array(2 * JOINTS);
  const weights = new Float64Array(JOINTS);
  points.forEach((point, k) => {
    if (!point) return;
    joints[2 * k] = point[0] - 1;
    joints[2 * k + 1] = point[1] - 1;
    weights[k] = 1;
  });
  const box = [x - 1 - side / 2, y - 1 + SHIFT * scale - side / 2, side, side] as const;
  const headBox = head && ([head[0] - 1, head[1] - 1, head[2] - head[0], head[3] - head[1]] as const);
  return { id, path, box, joints, weights, ...(headBox && { headBox }) };
}
