import { DataError } from '../../errors.js';
import { Rng } from '../../tensor/rng.js';
import { type AugmentOptions, augmentCrop } from '../augment.js';
import { type Crop, encodeJoints, mirrorCrop } from '../crop.js';
import type { PoseSample } from '../dataset.js';
import { flipOrder, type JointSchema } from '../schema.js';
import { warpCrop } from '../warp.js';
import type { TrainConfig } from './config.js';
import type { LoadedData, LoadedSample } from './samples.js';

/** Images with their labels on the host, ready for upload. */
export interface Batch {
  /** [B, size, size, 3], normalised. */
  readonly images: Float32Array;
  /** [B, K, 2] in crop units. */
  readonly target: Float32Array;
  /** [B, K, 1]. */
  readonly weight: Float32Array;
}

type BatchConfig = Pick<TrainConfig, 'batch' | 'size' | 'seed' | 'rotation' | 'scaling'>;

/** Streams of the run's seed; 0 draws the weights. */
const ORDER_STREAM = 1;
const AUGMENTATION_STREAM = 2;

/** Memory for a batch; whoever fills it again overwrites the last one. */
export function allocateBatch(count: number, size: number, joints: number): Batch {
  return {
    images: new Float32Array(count * size * size * 3),
    target: new Float32Array(count * joints * 2),
    weight: new Float32Array(count * joints),
  };
}

/** Writes one sample, seen through `crop`, as row `row` of a batch. */
export function fillRow(
  batch: Batch,
  row: number,
  sample: PoseSample,
  crop: Crop,
  size: number,
  order: Uint32Array,
): void {
  const pixels = size * size * 3;
  const joints = order.length;
  warpCrop(sample.image, crop, size, size, batch.images.subarray(row * pixels, (row + 1) * pixels));
  const target = batch.target.subarray(row * joints * 2, (row + 1) * joints * 2);
  const weight = batch.weight.subarray(row * joints, (row + 1) * joints);
  encodeJoints(sample.joints, sample.weights, crop, order, target, weight);
}

/**
 * The training half in random order, augmented, in full batches; the incomplete last one is dropped. Batch (epoch, index)
 * is a function of seed, epoch and index alone, so that a resumed run sees what an uninterrupted one does.
 */
export class TrainingBatches {
  /** Batches per epoch. */
  readonly length: number;
  readonly #samples: readonly LoadedSample[];
  readonly #config: BatchConfig;
  readonly #augmentation: AugmentOptions;
  readonly #flip: Uint32Array;
  readonly #memory: Batch;
  #order: { readonly epoch: number; readonly indices: Uint32Array } | undefined;

  /** @throws DataError if the data do not fill one batch */
  constructor({ dataset, train }: LoadedData, config: BatchConfig) {
    this.length = Math.floor(train.length / config.batch);
    if (this.length === 0) {
      throw new DataError(
        `--batch ${config.batch}: ${dataset.name} has ${train.length} training images; give at most as many`,
      );
    }
    this.#samples = train;
    this.#config = config;
    this.#augmentation = {
      scale: [1 - config.scaling, 1 + config.scaling],
      rotation: config.rotation,
      rotationProbability: 0.5,
      mirrorProbability: dataset.mirrorable ? 0.5 : 0,
    };
    this.#flip = flipOrder(dataset.schema);
    this.#memory = allocateBatch(config.batch, config.size, dataset.schema.joints.length);
  }

  /** The batch of an epoch and an index, both from 0; its arrays are overwritten by the next call. */
  at(epoch: number, index: number): Batch {
    const { batch, size, seed } = this.#config;
    if (this.#order?.epoch !== epoch) {
      const rng = new Rng(seed, ORDER_STREAM).split(epoch);
      this.#order = { epoch, indices: rng.permutation(this.#samples.length) };
    }
    const variations = new Rng(seed, AUGMENTATION_STREAM).split(epoch);
    for (let row = 0; row < batch; row++) {
      const which = this.#order.indices[index * batch + row];
      const sample = this.#samples[which];
      const crop = augmentCrop(sample.crop, variations.split(which), this.#augmentation);
      fillRow(this.#memory, row, sample, crop, size, this.#flip);
    }
    return this.#memory;
  }
}

/** Upright crops in their own order, in batches of one size: rows beyond the last sample have weight 0. */
export function* evaluationBatches(
  schema: JointSchema,
  samples: readonly LoadedSample[],
  { batch, size }: Pick<TrainConfig, 'batch' | 'size'>,
  mirrored: boolean,
): Generator<{ readonly first: number; readonly count: number; readonly batch: Batch }> {
  const memory = allocateBatch(batch, size, schema.joints.length);
  const order = flipOrder(schema);
  for (let first = 0; first < samples.length; first += batch) {
    const count = Math.min(batch, samples.length - first);
    memory.weight.fill(0);
    for (let row = 0; row < count; row++) {
      const sample = samples[first + row];
      fillRow(memory, row, sample, mirrored ? mirrorCrop(sample.crop) : sample.crop, size, order);
    }
    yield { first, count, batch: memory };
  }
}
