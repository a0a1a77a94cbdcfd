import { type Checkpoint, formatCheckpoint, parseCheckpoint } from '../checkpoint.js';
import { writeFileAtomic } from './atomicFile.js';
import { readBytes } from './readBytes.js';

/**
 * Writes a checkpoint to a file, see `formatCheckpoint`.
 * @throws DataError where the file cannot be written; the one that was there before stays
 */
export async function saveCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  await writeFileAtomic(path, formatCheckpoint(checkpoint));
}

/**
 * Reads a checkpoint that `saveCheckpoint` wrote.
 * @throws DataError where the file cannot be read, is damaged, or is not a checkpoint of wgrad
 */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  return parseCheckpoint(await readBytes(path), path);
}
