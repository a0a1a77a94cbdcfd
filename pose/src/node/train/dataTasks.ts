import type { BrokenPicture } from '../../brokenPictures.js';
import type { SplitOrigin } from '../../dataset.js';
import type { JointSchema } from '../../schema.js';
import type { BatchConfig } from '../../train/batches.js';
import type { LoadedSample } from '../../train/samples.js';

/** Samples that a worker is to decode and check. */
export interface LoadTask {
  readonly kind: 'load';
  readonly origin: SplitOrigin;
  readonly schema: JointSchema;
  readonly indices: readonly number[];
  /** Of the crops. */
  readonly aspect?: number;
}

/** A batch of the training half that the workers were told of. */
export interface BatchTask {
  readonly kind: 'batch';
  readonly epoch: number;
  readonly index: number;
}

/** The training half as threads hand it on: samples in shared memory, or where to decode them from. */
export interface TrainingOrder {
  readonly config: BatchConfig;
  readonly dataset: { readonly name: string; readonly schema: JointSchema; readonly mirrorable: boolean };
  readonly length: number;
  readonly held?: readonly (LoadedSample | undefined)[];
  readonly origin?: SplitOrigin;
  /** What is left out, and at most. */
  readonly broken?: readonly BrokenPicture[];
  readonly skipBroken: number;
}

export type ToWorker = { readonly task: LoadTask | BatchTask } | { readonly message: TrainingOrder };

/** A sample on its way, or a picture that cannot be read: functions cannot travel, so only whether there was one, nor do errors keep their class. */
export type TravellingSample =
  | (Omit<LoadedSample, 'picture'> & { readonly hasPicture: boolean })
  | Pick<BrokenPicture, 'picture' | 'why'>;
