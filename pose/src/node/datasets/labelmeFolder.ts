import { readdir, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { DataError } from 'wgrad';
import { readJsonFile } from 'wgrad/io/node';
import type { Annotations } from '../../datasets/annotations.js';
import { halfNamed } from '../../datasets/halves.js';
import { whyNotRead } from '../../datasets/jsonAnnotations.js';
import { isLabelme, type LabelmeFile, labelmeAnnotations } from '../../datasets/labelme.js';
import { readPiece } from '../readPiece.js';

/** So much of a file tells whether it is labelme's: pictures may stand behind it. */
const HEAD = 4096;
/** So many files of a folder are looked at before it is one of another kind. */
const PROBES = 3;
/** So many files are named. */
const SHOWN = 5;

/** Are the first JSON files of a folder, or of those in it, labelme's? */
export async function isLabelmeFolder(folder: string): Promise<boolean> {
  for (const file of (await jsonFiles(folder)).slice(0, PROBES)) {
    if (/"(shapes|imagePath|imageData)"\s*:/.test(await headOf(join(folder, file)))) return true;
  }
  return false;
}

/** Empty for what cannot be read, which whoever reads it whole tells. */
async function headOf(file: string): Promise<string> {
  // To open a pipe would wait for its writer.
  if (!(await stat(file).catch(() => undefined))?.isFile()) return '';
  return readPiece(file, HEAD).then(
    (bytes) => new TextDecoder().decode(bytes),
    () => '',
  );
}

async function jsonFiles(folder: string): Promise<string[]> {
  const files = await readdir(folder, { recursive: true }).catch(() => []);
  return files.filter((name) => /\.json$/i.test(name)).sort();
}

/**
 * The annotations of all of labelme's files in a folder and those below, as one data set. The name of a file's folder tells its
 * half, if it tells any.
 * @throws DataError where there are none, and as `labelmeAnnotations`
 */
export async function labelmeFolder(folder: string): Promise<Annotations> {
  const files: LabelmeFile[] = [];
  const others: string[] = [];
  let why: string | undefined;
  for (const name of await jsonFiles(folder)) {
    const { imageData: _, ...content } = ((await readJsonFile(join(folder, name))) ?? {}) as { imageData?: unknown };
    const place = dirname(name).split(sep).join('/');
    const half = place === '.' ? undefined : halfNamed(place);
    const split = half === 'trainval' ? 'train' : half;
    if (isLabelme(content)) files.push({ content, file: join(folder, name), folder: place, split });
    else {
      others.push(name);
      const reason = whyNotRead(content);
      why ??= reason && `${join(folder, name)}: ${reason}`;
    }
  }
  if (files.length === 0 && why) throw new DataError(why);
  if (files.length === 0)
    throw new DataError(`${folder}: a folder without data.yaml and labelme's files; ${instead(others)}`);
  const isDivided = files.every(({ split }) => split !== undefined);
  const notes = others.length > 0 ? [`files that are no annotations: ${others.slice(0, SHOWN).join(', ')}`] : [];
  return {
    ...labelmeAnnotations(
      files.map((one) => (isDivided ? one : { ...one, split: undefined })),
      folder,
    ),
    notes,
  };
}

/** What to name instead of a folder that has only these JSON files. */
function instead(files: readonly string[]): string {
  if (files.length === 0) return 'it has no .json files at all; name a file of annotations';
  const more = files.length > SHOWN ? `, ... (${files.length})` : '';
  return `its .json files are ${files.slice(0, SHOWN).join(', ')}${more}; name one of annotations`;
}
