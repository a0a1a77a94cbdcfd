import { totalmem } from 'node:os';
import { DataError } from 'wgrad';
import { abortable } from '../abortable.js';
import { type BrokenPicture, brokenText } from '../brokenPictures.js';
import type { PoseDataset } from '../dataset.js';
import { withJoints } from '../node/askedJoints.js';
import { openDataset } from '../node/datasets/openDataset.js';
import { type DataWorkers, defaultWorkers } from '../node/train/dataWorkers.js';
import type { TrainConfig } from '../train/config.js';
import { inputSize } from '../train/inputSize.js';
import { type LoadedData, loadData } from '../train/samples.js';
import { loadingDisplay } from './loadingDisplay.js';
import { say } from './say.js';

/** More threads than any machine can use. */
const MOST_WORKERS = 64;

/**
 * How many threads `--workers` asks for.
 * @param ranksHere how many processes on this host do the same
 * @throws DataError for what is no number of threads
 */
export function workerCount(text: string | undefined, ranksHere: number): number {
  if (text === undefined) return defaultWorkers(ranksHere);
  const count = Number(text);
  if (/^\d+$/.test(text) && count <= MOST_WORKERS) return count;
  throw new DataError(`--workers ${text}: expected an integer from 0 to ${MOST_WORKERS}`);
}

/** The data that a configuration names, of which only the labels are read, with the joints that it says they have. */
export async function openTrainingData(config: TrainConfig, signal: AbortSignal): Promise<PoseDataset> {
  return withJoints(await abortable(openDataset(config), signal), config);
}

/**
 * Loads both halves of a data set and shows the progress; the training images of all ranks on this host may take up to half
 * of its memory.
 * @param broken what a run has left out already
 */
export async function loadTrainingData(
  dataset: PoseDataset,
  config: TrainConfig,
  signal: AbortSignal,
  { workers, ranksHere }: { readonly workers: DataWorkers | undefined; readonly ranksHere: number },
  broken?: readonly BrokenPicture[],
): Promise<LoadedData> {
  const { height, width } = inputSize(config);
  const display = loadingDisplay(dataset.name);
  try {
    const memory = totalmem() / 2 / ranksHere;
    const options = { onProgress: display.update, signal, workers, memory, aspect: width / height };
    const data = await loadData(dataset, { ...options, skipBroken: config.skipBroken, broken });
    display.stop();
    if (data.broken?.length) say(`warning: left out are ${brokenText(data.broken)}`);
    return data;
  } finally {
    display.stop();
  }
}
