import { loadCheckpoint, saveCheckpoint } from 'wgrad/io/node';
import { checkpointOf, type SavedRun, savedRunOf } from '../../train/checkpointing.js';
import type { Session } from '../../train/session.js';

/** Writes where a run stands (see `checkpointOf`) to a file. @throws DataError where it cannot be written */
export async function saveRun(session: Session, path: string): Promise<void> {
  await saveCheckpoint(path, await checkpointOf(session));
}

/**
 * Reads a run that `saveRun` wrote.
 * @throws DataError where the file is missing, damaged, or not from a training run of this version
 */
export async function loadRun(path: string): Promise<SavedRun> {
  return savedRunOf(await loadCheckpoint(path), path);
}
