import { realpath } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { DataError } from 'wgrad';
import { runFolder } from '../node/train/runFolder.js';

const realPathOf = (path: string): Promise<string | undefined> => realpath(path).catch(() => undefined);

/**
 * Makes sure before the work that its result does not take the place of what it is made from, or of a run's checkpoint.
 * @param out the file that will be written
 * @param inputs files that are read; undefined for options that were not given
 * @throws DataError where they are the same file, by whatever path
 */
export async function spareInputs(out: string, inputs: readonly (string | undefined)[]): Promise<void> {
  const place = await realPathOf(out);
  if (place === undefined) return;
  for (const input of inputs) {
    if (input !== undefined && (await realPathOf(input)) === place) {
      throw new DataError(`${out}: ${input} is read, and would be lost; give the result another name`);
    }
  }
  const { best, last } = runFolder(dirname(place));
  const isCheckpoint = [best, last].some((file) => basename(file) === basename(place));
  if (isCheckpoint && (await realPathOf(last))) {
    throw new DataError(`${out}: the checkpoint of a run, which could not go on; give the result another name`);
  }
}

/** Makes sure that overlays do not take the place of the pictures. @throws DataError where these lie in the same folder */
export async function sparePictures(folder: string, pictures: readonly string[]): Promise<void> {
  const place = await realPathOf(folder);
  if (place === undefined) return;
  const homes = new Map(pictures.map((path) => [dirname(path), path]));
  for (const [home, picture] of homes) {
    if ((await realPathOf(home)) !== place) continue;
    throw new DataError(
      `--overlays ${folder}: ${picture} lies in it, and an overlay could take its place; give another folder`,
    );
  }
}
