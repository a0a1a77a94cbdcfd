import { DataError } from '../../errors.js';
import { type Crop, cropAround } from '../crop.js';
import { checkSample, type PoseDataset, type PoseSample, type PoseSplit } from '../dataset.js';

/** A sample in memory with the crop that evaluation takes of it. */
export interface LoadedSample extends PoseSample {
  readonly crop: Crop;
}

/** Both halves of a data set in memory: decoding or generating again in every epoch would starve the network. */
export interface LoadedData {
  readonly dataset: PoseDataset;
  readonly train: readonly LoadedSample[];
  readonly test: readonly LoadedSample[];
}

/** Samples that load at a time: enough to keep a decoder's threads busy. */
const CHUNK = 16;

/**
 * Loads and checks every sample of a data set.
 * @param onProgress called now and then with the number of samples that are there and their total
 * @throws DataError naming the image that is broken or mislabelled, or the part that is empty
 */
export async function loadData(
  dataset: PoseDataset,
  onProgress: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<LoadedData> {
  const total = dataset.train.length + dataset.test.length;
  let done = 0;
  const load = async (part: 'train' | 'test', split: PoseSplit): Promise<LoadedSample[]> => {
    if (split.length === 0) throw new DataError(`${dataset.name}: no image is in the ${part} split; give at least one`);
    const samples: LoadedSample[] = [];
    while (samples.length < split.length) {
      signal?.throwIfAborted();
      const count = Math.min(CHUNK, split.length - samples.length);
      const chunk = await Promise.all(Array.from({ length: count }, (_, i) => split.sample(samples.length + i)));
      for (const sample of chunk) {
        checkSample(dataset.schema, sample);
        samples.push({ ...sample, crop: cropAround(sample.box) });
      }
      done += count;
      onProgress(done, total);
      // Samples may come without a wait; signals and timers want their turn.
      await new Promise(setImmediate);
    }
    return samples;
  };
  return { dataset, train: await load('train', dataset.train), test: await load('test', dataset.test) };
}
