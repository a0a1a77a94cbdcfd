import { DataError } from 'wgrad';
import { JsonEntry } from 'wgrad/io';
import type { Annotations } from './annotations.js';
import { isRecord } from './isRecord.js';
import { extentOf, groupedMarks, type Mark, type MarkedPicture, markedAnnotations, type Region } from './marks.js';
import { pathOfAddress } from './pictureAddress.js';
import { Tally } from './tally.js';

const PICTURE = /\.(jpe?g|jfif|png|webp|avif|tiff?|gif|bmp)(\?.*)?$/i;

/** A list of labels in the short form: objects with a kind of label and a place. */
const isRegions = (value: unknown): value is readonly unknown[] =>
  Array.isArray(value) &&
  value.some((item) => isRecord(item) && ('keypointlabels' in item || 'rectanglelabels' in item) && 'x' in item);

/** Does this JSON have the form of `labelStudioAnnotations`? */
export function isLabelStudio(content: unknown): boolean {
  return (
    Array.isArray(content) &&
    content.some(
      (task) =>
        isRecord(task) &&
        ((isRecord(task.data) && (Array.isArray(task.annotations) || Array.isArray(task.completions))) ||
          Object.values(task).some(isRegions)),
    )
  );
}

/**
 * The people of Label Studio's tasks, as JSON `[{data: {image}, annotations: [{result: [...]}]}]` or JSON-MIN `[{image, labels:
 * [...]}]`. Places are per cent of the picture; a `keypointlabels` is a joint of its label's name, a `rectanglelabels` somebody's
 * box, and `parentID` or a relation says whose a joint is (see `groupedMarks`). Of a task that several people labelled, the first
 * annotation counts, or the one that is the ground truth.
 * @throws DataError naming file, task and field for whatever is missing or no number
 */
export function labelStudioAnnotations(content: unknown, file: string): Annotations {
  if (!Array.isArray(content)) throw new DataError(`${file}: expected a list of tasks [{...}, ...]`);
  const leftOut = new Tally();
  const pictures = content.map((value: unknown, i) => {
    const task = new JsonEntry(value, file, `[${i}]`);
    return readTask(task, value as Readonly<Record<string, unknown>>, leftOut);
  });
  return markedAnnotations(pictures, { file, leftOut });
}

function readTask(task: JsonEntry, value: Readonly<Record<string, unknown>>, leftOut: Tally): MarkedPicture {
  const data = task.has('data') ? task.entry('data') : task;
  const fields = task.has('data') ? (value.data as Readonly<Record<string, unknown>>) : value;
  const results = task.has('data') ? chosenResults(task, leftOut) : shortResults(task, value);
  const { size, ...found } = readResults(results, leftOut);
  const file = pathOfAddress(data.text(pictureField(fields)));
  return { picture: { file, size }, people: groupedMarks(found.marks, found.regions, leftOut) };
}

/** The field that names the picture: `image`, or the first that looks like a picture's. */
function pictureField(fields: Readonly<Record<string, unknown>>): string {
  const isPicture = ([, value]: [string, unknown]) => typeof value === 'string' && PICTURE.test(value);
  const [name] = Object.entries(fields).find(isPicture) ?? ['image'];
  return typeof fields.image === 'string' ? 'image' : name;
}

function chosenResults(task: JsonEntry, leftOut: Tally): JsonEntry[] {
  const field = task.has('annotations') ? 'annotations' : 'completions';
  const all = task.has(field) ? task.entries(field) : [];
  const whole = all.filter((annotation) => !(annotation.has('was_cancelled') && annotation.flag('was_cancelled')));
  leftOut.add('annotations marked as cancelled', all.length - whole.length);
  if (whole.length === 0 && task.has('predictions')) {
    leftOut.add('predictions that nobody has confirmed', task.list('predictions').length);
  }
  const chosen = whole.find((one) => one.has('ground_truth') && one.flag('ground_truth')) ?? whole[0];
  leftOut.add('annotations of a task beside the first', Math.max(0, whole.length - 1));
  return chosen?.has('result') ? chosen.entries('result') : [];
}

function shortResults(task: JsonEntry, value: Readonly<Record<string, unknown>>): JsonEntry[] {
  return Object.entries(value).flatMap(([field, list]) => (isRegions(list) ? task.entries(field) : []));
}

interface Results {
  readonly marks: Mark[];
  readonly regions: Region[];
  readonly size?: readonly [width: number, height: number];
}

function readResults(results: readonly JsonEntry[], leftOut: Tally): Results {
  const groups = groupsOf(results);
  const marks: Mark[] = [];
  const regions: Region[] = [];
  let size: readonly [number, number] | undefined;
  for (const result of results) {
    // JSON-MIN has the fields of `value` beside the others.
    const value = result.has('value') ? result.entry('value') : result;
    const kind = ['keypointlabels', 'rectanglelabels'].find((name) => value.has(name));
    if (!kind) {
      if (!isRelation(result)) leftOut.add(`labels of type ${typeOf(result)}`);
      continue;
    }
    const [width, height] = [dimension(result, 'original_width'), dimension(result, 'original_height')];
    if (size && (size[0] !== width || size[1] !== height)) {
      throw result.error('original_width', `expected one size for all of a picture (${size.join('x')})`);
    }
    size = [width, height];
    if (result.has('image_rotation') && result.number('image_rotation') !== 0) {
      throw result.error('image_rotation', 'expected 0: labels of a turned picture are not read');
    }
    const [label] = value.list(kind);
    if (typeof label !== 'string' || label === '') throw value.error(kind, 'expected the name of a label');
    const group = result.has('id') ? groups.get(result.id('id')) : undefined;
    const [x, y] = [(value.number('x') * width) / 100, (value.number('y') * height) / 100];
    if (kind === 'keypointlabels') marks.push({ label, x, y, v: 2, group });
    else regions.push({ label, box: rectangle(value, [x, y], [width, height]), group });
  }
  return { marks, regions, size };
}

function typeOf(result: JsonEntry): string {
  return result.has('type') ? result.text('type') : 'unknown';
}

function isRelation(result: JsonEntry): boolean {
  return result.has('type') && result.text('type') === 'relation';
}

function dimension(result: JsonEntry, field: string): number {
  const value = result.integer(field);
  if (value > 0) return value;
  throw result.error(field, 'expected a number of pixels above 0');
}

/** A turned rectangle's corner stays where it is; its box is around all four. */
function rectangle(
  value: JsonEntry,
  [x, y]: readonly [number, number],
  size: readonly [number, number],
): Region['box'] {
  const [width, height] = [(value.number('width') * size[0]) / 100, (value.number('height') * size[1]) / 100];
  const angle = value.has('rotation') ? (value.number('rotation') * Math.PI) / 180 : 0;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const corners = [
    [0, 0],
    [width, 0],
    [0, height],
    [width, height],
  ].map(([a, b]) => [x + a * cos - b * sin, y + a * sin + b * cos] as const);
  return angle === 0 ? [x, y, width, height] : extentOf(corners);
}

/** The group of each id that a `parentID` or a relation ties to another. */
function groupsOf(results: readonly JsonEntry[]): ReadonlyMap<number | string, string> {
  const parents = new Map<number | string, number | string>();
  const rootOf = (id: number | string): number | string => {
    let root = id;
    for (let next = parents.get(root); next !== undefined && next !== root; next = parents.get(root)) root = next;
    return root;
  };
  const tied = new Set<number | string>();
  const tie = (a: number | string, b: number | string) => {
    tied.add(a).add(b);
    parents.set(rootOf(a), rootOf(b));
  };
  for (const result of results) {
    if (result.has('parentID') && result.has('id')) tie(result.id('id'), result.id('parentID'));
    if (isRelation(result)) tie(result.id('from_id'), result.id('to_id'));
  }
  return new Map([...tied].map((id) => [id, String(rootOf(id))]));
}
