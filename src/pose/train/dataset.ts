import { stat } from 'node:fs/promises';
import { DataError } from '../../errors.js';
import type { PoseDataset } from '../dataset.js';
import { figures } from '../figures/figures.js';
import { lsp } from '../lsp.js';
import type { TrainConfig } from './config.js';

/** Held-out pictures of the generated data set, unless it is smaller itself. */
const TEST_FIGURES = 500;

/**
 * The data set of a configuration.
 * @throws DataError if the folder is missing or not a data set
 */
export async function openDataset({
  data,
  figures: train,
}: Pick<TrainConfig, 'data' | 'figures'>): Promise<PoseDataset> {
  if (data === null) return figures({ train, test: Math.min(train, TEST_FIGURES) });
  const found = await stat(data).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new DataError(`--data ${data}: ${found ? 'not a folder' : 'no such folder'}; give a folder in LSP's form`);
  }
  return lsp(data);
}
