import { stat } from 'node:fs/promises';
import { DataError } from 'wgrad';
import { runFolder } from '../node/train/runFolder.js';

/**
 * The file of weights that a path means: the file itself, or in the folder of a run its best checkpoint, otherwise its
 * last.
 * @throws DataError where there is none
 */
export async function checkpointFile(path: string): Promise<string> {
  if (!(await stat(path).catch(() => undefined))?.isDirectory()) return path;
  const { best, last } = runFolder(path);
  for (const file of [best, last]) {
    if (await stat(file).catch(() => undefined)) return file;
  }
  throw new DataError(
    `${path}: a folder without best.safetensors or last.safetensors; name a run or a file of weights`,
  );
}
