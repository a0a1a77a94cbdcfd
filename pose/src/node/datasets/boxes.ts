import { basename, extname, join } from 'node:path';
import { DataError } from 'wgrad';
import { readBytes, readJsonFile } from 'wgrad/io/node';
import type { PoseDataset } from '../../dataset.js';
import { type BoxedPerson, boxesOf, boxesOfTable, schemaFor } from '../../datasets/boxes.js';
import { jointsOf } from '../../datasets/people.js';
import { annotatedSplit, exists, folderWith, imagePath } from './annotated.js';

const NAMES = ['boxes.json', 'boxes.csv'];
/** Without "split", every so many-th person is held out. */
const HELD_OUT = 5;

/** The list of boxes of a folder, if there is one. */
export async function boxesFile(folder: string): Promise<string | undefined> {
  for (const name of NAMES) if (await exists(join(folder, name))) return join(folder, name);
  return undefined;
}

/** Reads boxes, CSV (see `boxesOfTable`) or JSON (see `boxesOf`). @throws DataError as they, and where the file cannot be read */
export async function readBoxes(file: string): Promise<BoxedPerson[]> {
  if (extname(file).toLowerCase() !== '.csv') return boxesOf(await readJsonFile(file), file);
  return boxesOfTable(new TextDecoder().decode(await readBytes(file)), file);
}

/**
 * A folder of pictures, in `images/` or beside the list, with `boxes.json` or `boxes.csv` (see `readBoxes`). People with
 * keypoints make the data set; without "split" every fifth is held out. The number of keypoints tells the joints: 17 are
 * COCO's, 14 LSP's, 16 MPII's, 18 Human3.6M's, in their order.
 * @throws DataError naming file, line and field, and where nobody has keypoints: such a folder is for prediction
 */
export async function boxed(folder: string): Promise<PoseDataset> {
  const file = await boxesFile(folder);
  if (!file) throw new DataError(`${folder}: neither ${NAMES.join(' nor ')} is there`);
  const all = await readBoxes(file);
  const people = all.filter(({ keypoints }) => keypoints?.some((v, i) => i % 3 === 2 && v > 0));
  if (people.length === 0) {
    throw new DataError(`${file}: nobody in it has keypoints, which training needs; boxes alone are for prediction`);
  }
  const schema = schemaFor(file, people);
  const pictures = await folderWith(people[0].file, [join(folder, 'images'), folder], file);
  const isNamed = people.some(({ split }) => split !== undefined);
  const part = (which: 'train' | 'test') =>
    annotatedSplit(
      people
        .filter(({ split }, i) => (isNamed ? (split ?? 'train') : (i + 1) % HELD_OUT > 0 ? 'train' : 'test') === which)
        .map(({ file: name, box: [x, y, w, h], keypoints = [] }) => ({
          id: name,
          path: imagePath(pictures, name, file),
          // From edges to the centres of pixels.
          box: [x, y, Math.max(1, w - 1), Math.max(1, h - 1)] as const,
          ...jointsOf(keypoints),
        })),
      { schema, origin: { module: import.meta.url, name: 'boxed', args: [folder], part: which }, upright: true },
    );
  return { name: basename(folder) || 'boxes', schema, mirrorable: true, train: part('train'), test: part('test') };
}
