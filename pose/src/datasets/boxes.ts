import { readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { DataError } from 'wgrad';
import { JsonEntry } from 'wgrad/io';
import { fileError, readJsonFile } from 'wgrad/io/node';
import { SCHEMAS } from '../coco/schemaOf.js';
import type { Box, PoseDataset } from '../dataset.js';
import type { JointSchema } from '../schema.js';
import { annotatedSplit, exists, folderWith, imagePath, jointsOf } from './annotated.js';

/** A box around somebody in a picture, perhaps with labels. */
export interface BoxedPerson {
  readonly file: string;
  /** `[x, y, width, height]` in pixels of the upright picture. */
  readonly box: Box;
  /** How sure a detector is. */
  readonly score?: number;
  readonly split?: 'train' | 'test';
  /** `x, y, v` for each joint, v = 0 where it is not annotated. */
  readonly keypoints?: readonly number[];
}

const NAMES = ['boxes.json', 'boxes.csv'];
const BOX = ['x', 'y', 'width', 'height'] as const;
/** Without "split", every so many-th person is held out. */
const HELD_OUT = 5;

/** The list of boxes of a folder, if there is one. */
export async function boxesFile(folder: string): Promise<string | undefined> {
  for (const name of NAMES) if (await exists(join(folder, name))) return join(folder, name);
  return undefined;
}

/**
 * Reads boxes. JSON is a list of `{file, box: [x, y, width, height], score?, split?, keypoints?: [x, y, v, ...]}`; CSV has a
 * heading and the columns file, x, y, width, height, perhaps score and split, and for each joint `NAME_x` and `NAME_y`,
 * empty where it is not annotated, in any order.
 * @throws DataError naming file, line and field for whatever is missing or no number
 */
export async function readBoxes(file: string): Promise<BoxedPerson[]> {
  const isTable = extname(file).toLowerCase() === '.csv';
  const entries = isTable ? await readTable(file) : await readList(file);
  if (entries.length === 0) throw new DataError(`${file}: no boxes in it`);
  return entries.map((entry) => {
    const [x, y, width, height] = entry.numbers('box', 4);
    if (!(width > 0 && height > 0)) throw entry.error('box', 'expected a width and a height above 0');
    const split = entry.has('split') ? entry.text('split') : undefined;
    if (split !== undefined && split !== 'train' && split !== 'test')
      throw entry.error('split', 'expected train or test');
    const keypoints = entry.has('keypoints') ? entry.list('keypoints').length : 0;
    return {
      file: entry.text('file'),
      box: [x, y, width, height],
      score: entry.has('score') ? entry.number('score') : undefined,
      split,
      keypoints: keypoints > 0 ? entry.numbers('keypoints', keypoints) : undefined,
    };
  });
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

function schemaFor(file: string, people: readonly BoxedPerson[]): JointSchema {
  const counts = new Set(people.map(({ keypoints = [] }) => keypoints.length / 3));
  const [count] = counts;
  // CrowdPose has as many joints as LSP, but comes in COCO's form.
  const schema = SCHEMAS.find(({ name, joints }) => name !== 'crowdpose14' && joints.length === count);
  if (counts.size === 1 && schema) return schema;
  throw new DataError(
    `${file}: keypoints of ${[...counts].join(' and ')} joints; expected 17 (COCO), 14 (LSP), 16 (MPII) or 18 (Human3.6M)`,
  );
}

async function readList(file: string): Promise<JsonEntry[]> {
  const list = await readJsonFile(file);
  if (!Array.isArray(list)) throw new DataError(`${file}: expected a list of boxes [{...}, ...]`);
  return list.map((value: unknown, i) => new JsonEntry(value, file, `[${i}]`));
}

async function readTable(file: string): Promise<JsonEntry[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw fileError('cannot read', file, cause);
  });
  let rows: Record<string, string>[];
  try {
    rows = parse(text, { columns: true, bom: true, trim: true, skip_empty_lines: true });
  } catch (cause) {
    throw new DataError(`${file}: not CSV (${(cause as Error).message})`, { cause });
  }
  const columns = Object.keys(rows[0] ?? {});
  const missing = rows.length > 0 ? ['file', ...BOX].filter((name) => !columns.includes(name)) : [];
  if (missing.length > 0) throw new DataError(`${file}: no column ${missing.join(', ')} in ${columns.join(', ')}`);
  const schema = SCHEMAS.find(
    ({ joints }) =>
      columns.filter((name) => name.endsWith('_x')).length === joints.length &&
      joints.every((name) => columns.includes(`${name}_x`)),
  );
  return rows.map((row, i) => {
    const number = (name: string) => (row[name] ? Number(row[name]) : Number.NaN);
    const keypoints = schema?.joints.flatMap((name) => {
      const [x, y] = [number(`${name}_x`), number(`${name}_y`)];
      return Number.isNaN(x + y) ? [0, 0, 0] : [x, y, 2];
    });
    const optional = { ...(row.score && { score: number('score') }), ...(row.split && { split: row.split }) };
    return new JsonEntry({ file: row.file, box: BOX.map(number), keypoints, ...optional }, file, `line ${i + 2}`);
  });
}
