import { availableParallelism } from 'node:os';
import { PictureError } from '../../brokenPictures.js';
import type { PoseDataset } from '../../dataset.js';
import { TrainingBatches } from '../../train/batches.js';
import type { TrainConfig } from '../../train/config.js';
import type { CropBatch } from '../../train/cropBatch.js';
import { type BatchSource, Prefetch } from '../../train/prefetch.js';
import { type Share, WHOLE } from '../../train/ranks.js';
import type { LoadedData, LoadedSample, SampleLoader } from '../../train/samples.js';
import type { TravellingSample } from './dataTasks.js';
import { ThreadPool } from './threadPool.js';

/** More would wait for memory rather than work. */
const MOST = 8;

/**
 * A thread less than there are cores, since the step wants one, within 1 and 8.
 * @param runs how many runs share the cores
 */
export function defaultWorkers(runs = 1): number {
  return Math.min(MOST, Math.max(1, Math.floor(availableParallelism() / runs) - 1));
}

/** Threads that decode images and prepare batches ahead of the training step; call `close` when done. */
export class DataWorkers implements SampleLoader {
  readonly count: number;
  readonly #pool: ThreadPool;

  /** @param count at least 1 */
  constructor(count: number = defaultWorkers()) {
    this.count = count;
    this.#pool = new ThreadPool(new URL('./dataWorker', import.meta.url), count);
  }

  load(
    dataset: PoseDataset,
    part: 'train' | 'test',
    indices: readonly number[],
    aspect?: number,
  ): Promise<(LoadedSample | PictureError)[]> | undefined {
    const split = dataset[part];
    const { origin } = split;
    if (!origin) return undefined;
    const task = { kind: 'load', origin, schema: dataset.schema, indices, aspect };
    return this.#pool.run<TravellingSample[]>(task).then((samples) =>
      samples.map((found, i) => {
        if ('why' in found) return new PictureError(found.picture, found.why);
        const { hasPicture, ...sample } = found;
        if (!hasPicture) return sample;
        const picture = async (side: number) => (await split.sample(indices[i])).picture?.(side) ?? sample.image;
        return { ...sample, picture };
      }),
    );
  }

  /** The batches of a training run, or a share of each, the next ones always under way. */
  batches(data: LoadedData, config: TrainConfig, { rank, size: ranks, syncBatchNorm }: Share = WHOLE): BatchSource {
    const { dataset, train, broken } = data;
    const share = { rank, size: ranks, syncBatchNorm };
    const local = new TrainingBatches(data, { ...config, share });
    const { origin, length } = train;
    const held = train.held?.map((sample) => sample && { ...sample, picture: undefined });
    if (!held && !origin) return new Prefetch(local, config.epochs, 1);
    const { name, schema, mirrorable } = dataset;
    this.#pool.tell({
      ...{ config: { ...config, share }, dataset: { name, schema, mirrorable } },
      ...{ length, held, origin, broken, skipBroken: config.skipBroken },
    });
    const at = (epoch: number, index: number) => this.#pool.run<CropBatch>({ kind: 'batch', epoch, index });
    // One in each thread, and one that waits for the step.
    return new Prefetch({ length: local.length, at }, config.epochs, this.count + 1);
  }

  /** Ends the threads; batches that are under way are lost. */
  close(): Promise<void> {
    return this.#pool.close();
  }
}
