import { basename, join } from 'node:path';
import { DataError } from '../../errors.js';
import { JsonEntry } from '../../io/jsonEntry.js';
import { readJsonFile } from '../../io/jsonFile.js';
import type { PoseDataset } from '../dataset.js';
import { mpii16 } from '../schemas/mpii16.js';
import { type AnnotatedPerson, annotatedSplit, exists, folderWith, imagePath } from './annotated.js';

/** Names under which the lists go about, and the folders they are kept in. */
const NAMES = { train: ['train.json', 'mpii_train.json'], test: ['valid.json', 'mpii_val.json'] } as const;
const PLACES = ['', 'annot', 'annotations'];

/** A person's `scale` is its height in units of so many pixels. */
const SCALE_UNIT = 200;
/** Crops are moved down by so many `scale`s, since the annotated centre lies high in the body. */
const SHIFT = 15;

const JOINTS = mpii16.joints.length;

/** The annotation lists of a folder in MPII's JSON form; undefined unless both are there. */
export async function mpiiFiles(folder: string): Promise<{ train: string; test: string } | undefined> {
  const find = async (names: readonly string[]) => {
    for (const path of PLACES.flatMap((place) => names.map((name) => join(folder, place, name)))) {
      if (await exists(path)) return path;
    }
    return undefined;
  };
  const [train, test] = [await find(NAMES.train), await find(NAMES.test)];
  return train && test ? { train, test } : undefined;
}

/**
 * MPII Human Pose (Andriluka et al., CVPR 2014) in the JSON form of Simple Baselines, HRNet and mmpose: `train.json` and
 * `valid.json` (or `mpii_train.json`, `mpii_val.json`), perhaps in `annot/`, and pictures in `images/`. A person is
 * `{image, center: [x, y], scale, joints: [[x, y] x 16], joints_vis: [0 | 1 x 16]}` in 1-based pixels; the box is the square
 * of side `200 scale` around the centre, moved down by `15 scale` (as they do, to keep feet in the crop).
 * @throws DataError naming file, person and field for whatever is missing or broken
 */
export async function mpii(folder: string): Promise<PoseDataset> {
  const files = await mpiiFiles(folder);
  if (!files) {
    throw new DataError(`${folder}: no train.json and valid.json in it or in its annot/; MPII's own .mat is not read`);
  }
  const split = async (part: 'train' | 'test') =>
    annotatedSplit(await peopleOf(files[part], folder), {
      schema: mpii16,
      origin: { module: import.meta.url, name: 'mpii', args: [folder], part },
      upright: false,
    });
  return { name: 'mpii', schema: mpii16, mirrorable: true, train: await split('train'), test: await split('test') };
}

async function peopleOf(file: string, folder: string): Promise<AnnotatedPerson[]> {
  const list = await readJsonFile(file);
  if (!Array.isArray(list) || list.length === 0) throw new DataError(`${file}: expected a list of people [{...}, ...]`);
  const entries = list.map((value: unknown, i) => new JsonEntry(value, file, `[${i}]`));
  const pictures = await folderWith(entries[0].text('image'), [join(folder, 'images'), folder], file);
  return entries.map((entry, i) => readPerson(entry, i, pictures, file)).filter(({ weights }) => weights.some(Boolean));
}

function readPerson(entry: JsonEntry, index: number, pictures: string, file: string): AnnotatedPerson {
  const path = imagePath(pictures, entry.text('image'), file);
  const [x, y] = entry.numbers('center', 2);
  const scale = entry.number('scale');
  if (scale <= 0) throw entry.error('scale', 'expected a number above 0');
  const side = scale * SCALE_UNIT;
  const weights = Float64Array.from(entry.numbers('joints_vis', JOINTS), (v) => Number(v > 0));
  const joints = new Float64Array(2 * JOINTS);
  const points = entry.list('joints');
  if (points.length !== JOINTS) throw entry.error('joints', `expected ${JOINTS} points [x, y]`);
  points.forEach((point, k) => {
    if (!Array.isArray(point) || point.length !== 2 || !point.every(Number.isFinite)) {
      throw entry.error(`joints[${k}]`, 'expected [x, y]', point);
    }
    joints[2 * k] = point[0] - 1;
    joints[2 * k + 1] = point[1] - 1;
  });
  const box = [x - 1 - side / 2, y - 1 + SHIFT * scale - side / 2, side, side] as const;
  return { id: `${basename(path)} (person ${index})`, path, box, joints, weights };
}
