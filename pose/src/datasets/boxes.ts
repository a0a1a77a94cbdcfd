import { DataError } from 'wgrad';
import { JsonEntry } from 'wgrad/io';
import type { Box } from '../dataset.js';
import type { JointSchema } from '../schema.js';
import { SCHEMAS } from '../schemas/known.js';

/** A box around somebody in a picture, perhaps with labels. */
export interface BoxedPerson {
  readonly file: string;
  /** `[x, y, width, height]` in pixels of the upright picture. */
  readonly box: Box;
  /** The detector's confidence. */
  readonly score?: number;
  readonly split?: 'train' | 'test';
  /** `x, y, v` for each joint, v = 0 where it is not annotated. */
  readonly keypoints?: readonly number[];
}

const BOX = ['x', 'y', 'width', 'height'] as const;

/**
 * The boxes of a file: a list of `{file, box: [x, y, width, height], score?, split?, keypoints?: [x, y, v, ...]}`.
 * @param list the file's JSON
 * @param file its name, for messages
 * @throws DataError naming file, entry and field for whatever is missing or no number
 */
export function boxesOf(list: unknown, file: string): BoxedPerson[] {
  if (!Array.isArray(list)) throw new DataError(`${file}: expected a list of boxes [{...}, ...]`);
  return people(
    list.map((value: unknown, i) => new JsonEntry(value, file, `[${i}]`)),
    file,
  );
}

/**
 * The boxes of a table: CSV with a heading and the columns file, x, y, width, height, perhaps score and split, and for each joint
 * `NAME_x` and `NAME_y`, empty where it is not annotated, in any order.
 * @param text the file's content
 * @param file its name, for messages
 * @throws DataError naming file, line and field for whatever is missing or no number
 */
export async function boxesOfTable(text: string, file: string): Promise<BoxedPerson[]> {
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
  const schema = SCHEMAS.find(
    ({ joints }) =>
      columns.filter((name) => name.endsWith('_x')).length === joints.length &&
      joints.every((name) => columns.includes(`${name}_x`)),
  );
  const entries = rows.map((row, i) => {
    const number = (name: string) => (row[name] ? Number(row[name]) : Number.NaN);
    const keypoints = schema?.joints.flatMap((name) => {
      const [x, y] = [number(`${name}_x`), number(`${name}_y`)];
      return Number.isNaN(x + y) ? [0, 0, 0] : [x, y, 2];
    });
    const optional = { ...(row.score && { score: number('score') }), ...(row.split && { split: row.split }) };
    return new JsonEntry({ file: row.file, box: BOX.map(number), keypoints, ...optional }, file, `line ${i + 2}`);
  });
  return people(entries, file);
}

function people(entries: readonly JsonEntry[], file: string): BoxedPerson[] {
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

/** The schema of people's keypoints, found by their number. @throws DataError where no schema has so many */
export function schemaFor(file: string, people: readonly BoxedPerson[]): JointSchema {
  const counts = new Set(people.map(({ keypoints = [] }) => keypoints.length / 3));
  const [count] = counts;
  // CrowdPose has as many joints as LSP, but its data come in COCO's format.
  const schema = SCHEMAS.find(({ name, joints }) => name !== 'crowdpose14' && joints.length === count);
  if (counts.size === 1 && schema) return schema;
  throw new DataError(
    `${file}: keypoints of ${[...counts].join(' and ')} joints; expected 17 (COCO), 14 (LSP), 16 (MPII) or 18 (Human3.6M)`,
  );
}
