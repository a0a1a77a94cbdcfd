import { readdir } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { DataError } from 'wgrad';
import type { Annotations, Id } from '../../datasets/annotations.js';
import { PicturePaths } from '../../datasets/picturePaths.js';
import { fileName, fileStem } from '../../fileName.js';
import { exists } from './annotated.js';

/** So many pictures, of all, tell where they lie: one may be missing. */
const SAMPLES = 16;

/**
 * Where the pictures of annotations are, by their ids. They lie in the folder where one is found under its path: in
 * `images/`, in a folder named like the file (`train2017/` of `person_keypoints_train2017.json`), beside the file, or above.
 * A path that leads elsewhere counts from the file, if anything is there. Otherwise pictures are looked for in all folders below, by as much of their
 * paths as agrees.
 * @param folder of the data set, or of its pictures where those are elsewhere
 * @throws DataError naming the picture and where it was looked for
 */
export async function pictureFiles(
  { file, pictures }: Annotations,
  ids: ReadonlySet<Id>,
  folder: string,
): Promise<ReadonlyMap<Id, string>> {
  const named = [...ids].map((id) => {
    const name = pictures.get(id)?.file;
    if (name === undefined) throw new DataError(`${file}: image ${id} has no "file_name"`);
    return [id, name.replace(/\\/g, '/')] as const;
  });
  if (named.length === 0) return new Map();
  const tag = fileStem(basename(file)).replace(/^([a-z]+_)+(?=[a-z]+\d*$)/i, '');
  const inside = ['images', tag, join('images', tag), '.'].map((place) => join(folder, place));
  const above = ['images', tag, '.'].map((place) => join(dirname(folder), place));
  const places = [...new Set([...inside, dirname(file), ...above])];
  const samples = named.filter((_, i) => i % Math.ceil(named.length / SAMPLES) === 0);
  const located = async (home: string) =>
    new Map(await Promise.all(named.map(async ([id, name]) => [id, await asOnDisk(home, name)] as const)));
  const told = await Promise.all(samples.map(([, name]) => leadsOut(name) && exists(resolve(dirname(file), name))));
  if (told.some(Boolean)) return located(dirname(file));
  const isInside = named.every(([, name]) => !leadsOut(name));
  if (isInside) {
    for (const place of places) {
      const found = await Promise.all(samples.map(([, name]) => exists(join(place, name))));
      if (found.some(Boolean)) return located(place);
    }
  }
  const below = (await readdir(folder, { recursive: true }).catch(() => [])).sort();
  const found = new PicturePaths(below).matches(
    named.map(([, name]) => name),
    folder,
  );
  if (found.some((at) => at !== undefined)) {
    return new Map(named.map(([id, name], i) => [id, join(folder, below[found[i] ?? -1] ?? fileName(name))]));
  }
  const looked = places.map((place) => relative(folder, place) || '.').join(', ');
  throw new DataError(
    `${file}: its image ${named[0][1]} is neither in ${looked} of ${folder} nor in any folder below; put the images into one, ` +
      'or name their folder with --images',
  );
}

/** A name with accents may be written in other bytes on the disk, as archives from Macs have it. */
async function asOnDisk(home: string, name: string): Promise<string> {
  const path = resolve(home, name);
  if (/^[ -~]*$/.test(name)) return path;
  for (const form of [path, resolve(home, name.normalize('NFC')), resolve(home, name.normalize('NFD'))]) {
    if (await exists(form)) return form;
  }
  return path;
}

/** Is this a path that is absolute, or that leads out of the folder it starts from? */
function leadsOut(path: string): boolean {
  return /^(\/|[a-z]:|[a-z]+:\/\/)|(^|\/)\.\.(\/|$)/i.test(path);
}
