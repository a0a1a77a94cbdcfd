import { formatCheckpoint } from 'wgrad/io';
import { loadCheckpoint, writeFileAtomic } from 'wgrad/io/node';
import { checkpointOf, type SavedRun, savedRunOf } from '../../train/checkpointing.js';
import type { Session } from '../../train/session.js';

/** Writes where a run stands (see `checkpointOf`) to files, one after the other. @throws DataError where one cannot be written */
export async function saveRun(session: Session, ...paths: readonly string[]): Promise<void> {
  const bytes = formatCheckpoint(await checkpointOf(session));
  for (const path of paths) await writeFileAtomic(path, bytes);
}

/**
 * Reads a run that `saveRun` wrote.
 * @throws DataError where the file is missing, damaged, or not from a training run of this version
 */
export async function loadRun(path: string): Promise<SavedRun> {
  return savedRunOf(await loadCheckpoint(path), path);
}
