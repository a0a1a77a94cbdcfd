import { DataError } from 'wgrad';
import { JsonEntry } from 'wgrad/io';
import type { JointSchema } from '../schema.js';
import { SCHEMAS } from '../schemas/known.js';
import type { Annotations } from './annotations.js';
import { isRecord } from './isRecord.js';
import { type ListedPerson, listedPictures, PERSON } from './listedPictures.js';

const BOX = ['x', 'y', 'width', 'height'] as const;

/** Does this JSON have the form of `boxAnnotations`? */
export function isBoxes(content: unknown): content is unknown[] {
  return Array.isArray(content) && content.some((entry) => isRecord(entry) && 'file' in entry && 'box' in entry);
}

/**
 * The people of a list `[{file, box: [x, y, width, height], score?, split?: 'train' | 'test', keypoints?: [x, y, v, ...]}, ...]` in
 * pixels of the upright picture. The number of keypoints tells the joints: 17 are COCO's, 14 LSP's, 16 MPII's, 18 Human3.6M's, in
 * their order; joints of any other number have no names.
 * @param list the file's JSON
 * @param file its name, for messages
 * @throws DataError naming file, entry and field for whatever is missing or no number
 */
export function boxAnnotations(list: unknown, file: string): Annotations {
  if (!Array.isArray(list)) throw new DataError(`${file}: expected a list of boxes [{...}, ...]`);
  const entries = list.map((value: unknown, i) => new JsonEntry(value, file, `[${i}]`));
  const first = entries.find((entry) => entry.has('keypoints'));
  const count = first?.list('keypoints').length ?? 0;
  if (first && count % 3 !== 0) throw first.error('keypoints', 'expected x, y, v for each joint');
  // CrowdPose has as many joints as LSP, but its data come in COCO's format.
  const schema = SCHEMAS.find(({ name, joints }) => name !== 'crowdpose14' && 3 * joints.length === count);
  return annotationsOf(entries, file, { schema, names: schema?.joints, joints: count / 3 });
}

/**
 * The boxes of a table: CSV with a heading and the columns file, x, y, width, height, perhaps score and split, in any order, and for
 * each joint `NAME_x` and `NAME_y`, empty where it is not annotated; the order of these is that of the joints.
 * @param text the file's content
 * @param file its name, for messages
 * @throws DataError naming file, line and field for whatever is missing or no number
 */
export async function boxTableAnnotations(text: string, file: string): Promise<Annotations> {
  const [heading] = text.split('\n', 1);
  if (heading.includes(';') && !heading.includes(',')) {
    throw new DataError(`${file}: its columns are separated by semicolons; expected commas, and points in numbers`);
  }
  // The parser is only loaded for a table; this build of it also runs in browsers.
  const { parse } = await import('csv-parse/browser/esm/sync');
  let rows: Record<string, string>[];
  try {
    rows = parse(text, { columns: true, bom: true, trim: true, skip_empty_lines: true });
  } catch (cause) {
    throw new DataError(`${file}: not CSV (${(cause as Error).message})`, { cause });
  }
  const columns = Object.keys(rows[0] ?? {});
  const missing = rows.length > 0 ? ['file', ...BOX].filter((name) => !columns.includes(name)) : [];
  if (missing.length > 0) throw new DataError(`${file}: no column ${missing.join(', ')} in ${columns.join(', ')}`);
  const names = columns.filter((name) => name.endsWith('_x')).map((name) => name.slice(0, -2));
  const halves = names.filter((name) => !columns.includes(`${name}_y`));
  if (halves.length > 0) throw new DataError(`${file}: a column ${halves[0]}_x, but no ${halves[0]}_y`);
  // The columns may stand in another order than the schema of the same names has.
  const schema = SCHEMAS.find(({ joints }) => joints.length === names.length && joints.every((k) => names.includes(k)));
  const joints = schema?.joints ?? names;
  const entries = rows.map((row, i) => {
    const where = `line ${i + 2}`;
    const number = (name: string) => (row[name] ? Number(row[name]) : Number.NaN);
    const keypoints = joints.flatMap((name) => {
      const place = [`${name}_x`, `${name}_y`];
      if (place.every((column) => !row[column])) return [0, 0, 0];
      const bad = place.find((column) => !Number.isFinite(number(column)));
      if (bad)
        throw new DataError(`${file}: ${where}.${bad}: expected a number, or nothing in x and y, got "${row[bad]}"`);
      return [...place.map(number), 2];
    });
    const optional = { ...(row.score && { score: number('score') }), ...(row.split && { split: row.split }) };
    return new JsonEntry({ file: row.file, box: BOX.map(number), keypoints, ...optional }, file, where);
  });
  return annotationsOf(entries, file, { schema, names: joints, joints: joints.length });
}

/** What the joints of a list are, as far as it tells: a list of boxes alone has 0. */
interface ListedJoints {
  readonly schema: JointSchema | undefined;
  readonly names: readonly string[] | undefined;
  readonly joints: number;
}

function annotationsOf(
  entries: readonly JsonEntry[],
  file: string,
  { schema, names, joints }: ListedJoints,
): Annotations {
  if (entries.length === 0) throw new DataError(`${file}: no boxes in it`);
  const people = entries.map((entry): ListedPerson => {
    const [x, y, width, height] = entry.numbers('box', 4);
    if (!(width > 0 && height > 0)) throw entry.error('box', 'expected a width and a height above 0');
    const split = entry.has('split') ? entry.text('split') : undefined;
    if (split !== undefined && split !== 'train' && split !== 'test')
      throw entry.error('split', 'expected train or test');
    return {
      picture: { file: entry.text('file'), split },
      box: [x, y, width, height],
      score: entry.has('score') ? entry.number('score') : undefined,
      keypoints: entry.has('keypoints') ? entry.numbers('keypoints', 3 * joints) : Array(3 * joints).fill(0),
    };
  });
  return {
    ...listedPictures(people, file),
    categories: new Map([[PERSON, { name: 'person', ...(names?.length && { joints: names }) }]]),
    ...{ joints, schema, orientation: 'upright', leftOut: new Map() },
  };
}
