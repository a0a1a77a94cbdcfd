import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, extname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { DataError } from 'wgrad';
import { fileError, readBytes } from 'wgrad/io/node';
import { PictureError } from '../../brokenPictures.js';
import type { Annotations } from '../../datasets/annotations.js';
import { type ListedPerson, type ListedPicture, listedPictures } from '../../datasets/listedPictures.js';
import { Tally } from '../../datasets/tally.js';
import { isYolo, yoloCategories, yoloForm, yoloLabelPath, yoloPeople, yoloSplits } from '../../datasets/yoloLabels.js';
import { schemaOfValue } from '../../schemas/schemaFile.js';
import { PICTURES, uprightSize } from '../images.js';
import { exists } from './annotated.js';

/** Pictures and label files that are read at once. */
const AT_ONCE = 16;
/** Files beside the pictures that are none. */
const OTHERS = /\.(txt|cache|json|xml|ya?ml|md|npy)$/i;

/** That of a picture which cannot be read, and of no other: whoever can read it after all is told that its size is wrong. */
const NO_SIZE: [number, number] = [1e6, 1e6];

/** The value of a YAML file, if it is a data set in Ultralytics' form. @throws DataError where it is not YAML */
export async function yoloValue(file: string): Promise<unknown> {
  const { parse } = await import('yaml');
  const text = new TextDecoder().decode(await readBytes(file));
  let value: unknown;
  try {
    value = parse(text, { logLevel: 'error' });
  } catch (cause) {
    const [why] = (cause as Error).message.split('\n');
    throw new DataError(`${file}: not YAML (${why.replace(/:$/, '')})`, { cause });
  }
  return isYolo(value) ? value : undefined;
}

/**
 * The annotations of a data set in Ultralytics' YOLO form: its `data.yaml` names the pictures of each part, and the labels of a picture
 * are in a text of its name under `labels/`. A picture without that text has nobody. Of pictures only the headers are read,
 * for the sizes. A part that is not where `data.yaml` says is looked for beside it, as Ultralytics does.
 * @param lenient whether a picture that cannot be read is an error only when it is decoded
 * @throws DataError naming file, line and column of what is wrong, and the part whose pictures are not found
 */
export async function yoloAnnotations(file: string, lenient = false): Promise<Annotations> {
  const value = await yoloValue(file);
  if (value === undefined) {
    throw new DataError(`${file}: expected Ultralytics' data.yaml, with "train" and "kpt_shape" or "names"`);
  }
  const form = yoloForm(value, file);
  const schema = 'kpt_shape' in (value as object) ? schemaOfValue(value, file) : undefined;
  const leftOut = new Tally();
  const notes: string[] = [];
  const alone: ListedPicture[] = [];
  const splitOf = new Map<string, string>();
  const people: ListedPerson[] = [];
  for (const [split, paths] of yoloSplits(value, file)) {
    const pictures = (
      await Promise.all(paths.map((path) => picturesAt(path, split, { file, value, notes, leftOut })))
    ).flat();
    const read = await inBatches(pictures, (picture) => readPicture(picture, leftOut, form, lenient));
    read.forEach(({ size, found }, i) => {
      const picture = { file: namedFrom(dirname(file), pictures[i]), split, size };
      const before = splitOf.get(picture.file);
      if (before !== undefined && before !== split) {
        throw new DataError(
          `${file}: ${before} and ${split} both have ${picture.file}; expected pictures that train or test: name other ones for ${split}`,
        );
      }
      splitOf.set(picture.file, split);
      alone.push(picture);
      for (const person of found) people.push({ ...person, picture });
    });
  }
  return {
    ...listedPictures(people, file, alone),
    categories: yoloCategories(form, schema?.joints ?? []),
    ...{ joints: form.joints, schema, orientation: 'upright', leftOut, notes },
  };
}

interface Search {
  readonly file: string;
  readonly value: unknown;
  readonly notes: string[];
  readonly leftOut: Tally;
}

/** The pictures of a folder or of a list in a text. @throws DataError where neither is found */
async function picturesAt(path: string, split: string, { file, value, notes, leftOut }: Search): Promise<string[]> {
  const beside = resolve(dirname(file));
  const { path: told } = value as { path?: unknown };
  const root = typeof told === 'string' ? resolve(beside, told) : beside;
  // Exports say ../train/images of what lies beside their data.yaml.
  const stripped = path.replace(/^(\.\.?[/\\])+/, '');
  const candidates = [...new Set([root, beside].flatMap((from) => [resolve(from, path), resolve(from, stripped)]))];
  for (const [i, candidate] of candidates.entries()) {
    const found = await stat(candidate).catch(() => undefined);
    if (!found) continue;
    if (i > 0) notes.push(`${file}: ${split} is not at ${candidates[0]}; taken is ${candidate}`);
    const pictures = found.isDirectory()
      ? await picturesBelow(candidate, leftOut)
      : await picturesListed(candidate, root);
    if (pictures.length > 0) return pictures;
    throw new DataError(`${file}: ${split}: no pictures in ${candidate}; expected images such as jpg or png`);
  }
  if (split === 'test') {
    notes.push(`${file}: test names ${candidates[0]}, which does not exist; the pictures of val test`);
    return [];
  }
  throw new DataError(
    `${file}: ${split} names ${path}, and there is no ${candidates.join(' and no ')}; correct "path" or "${split}"`,
  );
}

async function picturesBelow(folder: string, leftOut: Tally): Promise<string[]> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter(
    (entry) => !entry.isDirectory(),
  );
  const pictures = files.filter(({ name }) => PICTURES.test(name));
  const others = files.filter(({ name }) => !PICTURES.test(name) && !OTHERS.test(name) && !name.startsWith('.'));
  for (const { name } of others) leftOut.add(`files of type ${extname(name).toLowerCase() || 'unknown'}`);
  return pictures.map(({ parentPath, name }) => join(parentPath, name)).sort();
}

/** Paths in a list count from the list where they begin with `./`, as in Ultralytics, else from the root or the list. */
async function picturesListed(list: string, root: string): Promise<string[]> {
  const rows = (await readFile(list, 'utf8')).split(/\r?\n/).map((row) => row.trim());
  const paths = rows.filter((row) => row !== '');
  const [first] = paths;
  if (first === undefined) return [];
  const isFromRoot = !first.startsWith('./') && (await exists(resolve(root, first)));
  return paths.map((path) => resolve(isFromRoot ? root : dirname(list), path));
}

interface ReadPicture {
  readonly size?: readonly [width: number, height: number];
  readonly found: readonly Omit<ListedPerson, 'picture'>[];
}

async function readPicture(
  picture: string,
  leftOut: Tally,
  form: Parameters<typeof yoloPeople>[3],
  lenient: boolean,
): Promise<ReadPicture> {
  const labels = yoloLabelPath(picture.split(sep).join('/'));
  const text = await readFile(labels, 'utf8').catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw fileError('cannot read', labels, cause);
    leftOut.add('pictures without a label file');
    return '';
  });
  if (text.trim() === '') return { found: [] };
  const size = await uprightSize(picture).catch((error: unknown) => {
    if (lenient && error instanceof PictureError) return NO_SIZE;
    throw error;
  });
  return { size, found: yoloPeople(text, labels, size, form, leftOut) };
}

async function inBatches<T, R>(items: readonly T[], read: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(read))));
  }
  return results;
}

/** A path as files below a folder name it, or in full where it is elsewhere. */
function namedFrom(folder: string, path: string): string {
  const inside = relative(resolve(folder), path);
  return (inside.startsWith('..') || isAbsolute(inside) ? path : inside).split(sep).join('/');
}
