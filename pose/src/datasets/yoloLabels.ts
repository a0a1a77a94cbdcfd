import { DataError } from 'wgrad';
import { counted, JsonEntry } from 'wgrad/io';
import type { Category, Id } from './annotations.js';
import type { ListedPerson } from './listedPictures.js';
import type { Tally } from './tally.js';

/** What Ultralytics' `data.yaml` says of the rows of its label files. */
export interface YoloForm {
  /** K; 0 where rows have boxes alone. */
  readonly joints: number;
  /** 2 for x, y and 3 for x, y, v. */
  readonly dims: number;
  /** Names by class, where the file has them. */
  readonly names: ReadonlyMap<number, string>;
}

/** The part of a data set that each field of `data.yaml` names, with its pictures. */
export type YoloSplits = ReadonlyMap<'train' | 'val' | 'test', readonly string[]>;

/** Does this value of a YAML file have the form of `yoloForm` and `yoloSplits`? */
export function isYolo(content: unknown): boolean {
  const fields = (content ?? {}) as Readonly<Record<string, unknown>>;
  return typeof content === 'object' && 'train' in fields && ('kpt_shape' in fields || 'names' in fields);
}

/** @throws DataError naming the field that holds something else */
export function yoloForm(content: unknown, file: string): YoloForm {
  const root = new JsonEntry(content, file);
  const [joints, dims] = root.has('kpt_shape') ? root.numbers('kpt_shape', 2) : [0, 3];
  const { names } = content as { names?: unknown };
  const named = typeof names === 'object' && names !== null ? Object.entries(names) : [];
  return {
    ...{ joints, dims },
    names: new Map(named.map(([index, name]) => [Number(index), String(name)])),
  };
}

/** The pictures of each part: folders, lists of pictures, or several of these. @throws DataError as `yoloForm` */
export function yoloSplits(content: unknown, file: string): YoloSplits {
  const root = new JsonEntry(content, file);
  const fields = content as Readonly<Record<string, unknown>>;
  return new Map(
    (['train', 'val', 'test'] as const).flatMap((split) => {
      const field = split === 'val' && !root.has('val') ? 'validation' : split;
      if (!root.has(field) || fields[field] === '') return [];
      const paths = Array.isArray(fields[field]) ? root.list(field) : [root.text(field)];
      const bad = paths.findIndex((path) => typeof path !== 'string' || path === '');
      if (bad >= 0) throw root.error(`${field}[${bad}]`, 'expected the path of a folder or of a list', paths[bad]);
      return [[split, paths as readonly string[]] as const];
    }),
  );
}

/** The category of each class. */
export function yoloCategories({ names }: YoloForm, joints: readonly string[]): Map<Id, Category> {
  const classes = names.size > 0 ? [...names] : [[0, 'person'] as const];
  return new Map(classes.map(([id, name]) => [id, { name, ...(joints.length > 0 && { joints }) }]));
}

/** Where the labels of a picture are: the last folder `images` of its path becomes `labels`, its extension `txt`. */
export function yoloLabelPath(picture: string): string {
  const at = picture.lastIndexOf('/images/');
  const path = at < 0 ? picture : `${picture.slice(0, at)}/labels/${picture.slice(at + '/images/'.length)}`;
  return path.replace(/\.[^./]*$/, '.txt');
}

/** As far beyond the picture's edges as Ultralytics allows for rounding, as a share of it. */
const ROUNDING = 0.01;

/**
 * The people of a label file of a picture, rows of `class cx cy width height (x y [v])*K` as shares of the upright picture. As in
 * Ultralytics, times the size they are pixels: what was COCO's is again. Without v, a joint in the corner (0, 0) has no label.
 * @throws DataError naming file, line and column for whatever is missing, no number or beyond the picture
 */
export function yoloPeople(
  text: string,
  file: string,
  [width, height]: readonly [width: number, height: number],
  { joints, dims, names }: YoloForm,
  leftOut: Tally,
): Omit<ListedPerson, 'picture'>[] {
  const seen = new Set<string>();
  return text.split(/\r?\n/).flatMap((row, i) => {
    const columns = row.trim().split(/\s+/);
    if (columns[0] === '') return [];
    const fail = (what: string): DataError => new DataError(`${file}: line ${i + 1}: ${what}`);
    const wanted = 5 + joints * dims;
    if (columns.length !== wanted) {
      throw fail(
        `expected ${wanted} numbers (class, box and ${counted(joints, 'joint')} of ${dims}), got ${columns.length}`,
      );
    }
    const values = columns.map(Number);
    const odd = values.findIndex((value) => !Number.isFinite(value));
    if (odd >= 0) throw fail(`column ${odd + 1}: expected a number, got "${columns[odd].slice(0, 40)}"`);
    const [category] = values;
    if (!Number.isInteger(category) || category < 0 || (names.size > 0 && !names.has(category))) {
      throw fail(`expected a class that names has (${[...names.keys()].slice(0, 20).join(', ')}), got ${category}`);
    }
    const isVisibility = (k: number) => dims === 3 && k >= 5 && (k - 5) % 3 === 2;
    const beyond = values.findIndex(
      (value, k) => k > 0 && (isVisibility(k) ? value < 0 || value > 2 : value < -ROUNDING || value > 1 + ROUNDING),
    );
    if (beyond >= 0) {
      const range = isVisibility(beyond) ? '0, 1 or 2' : 'a share of the picture from 0 to 1';
      throw fail(`column ${beyond + 1}: expected ${range}, got ${values[beyond]}`);
    }
    if (seen.has(values.join())) {
      leftOut.add('rows of labels given twice');
      return [];
    }
    seen.add(values.join());
    const [, x, y, w, h] = values;
    const keypoints: number[] = [];
    for (let at = 5; at < values.length; at += dims) {
      const [u, v, seenness = u === 0 && v === 0 ? 0 : 2] = values.slice(at, at + dims);
      keypoints.push(u * width, v * height, seenness);
    }
    return [{ category, keypoints, box: [(x - w / 2) * width, (y - h / 2) * height, w * width, h * height] as const }];
  });
}
