import { DataError, Rng } from 'wgrad';
import { counted } from 'wgrad/io';
import type { AugmentOptions } from '../augmentation/augmentOptions.js';
import { recipeOptions } from '../augmentation/recipes.js';
import { varySample } from '../augmentation/varySample.js';
import { mergeBroken } from '../brokenPictures.js';
import { type Crop, encodeJoints, mirrorCrop } from '../crop.js';
import type { PoseDataset, PoseSample } from '../dataset.js';
import { flipOrder, type JointSchema } from '../schema.js';
import { warpCrop } from '../warp.js';
import type { TrainConfig } from './config.js';
import { type CropBatch, makeCropBatch } from './cropBatch.js';
import { inputSize } from './inputSize.js';
import { jointWeightsOf, weighJoints } from './jointWeights.js';
import type { BatchSource } from './prefetch.js';
import { partsOf, type Share, WHOLE } from './ranks.js';
import type { LoadedSample, TrainingSamples } from './samples.js';

/** Network inputs with their labels on the host, ready for upload. */
export interface Batch {
  /** [B, size, size, 3], normalised. */
  readonly images: Float32Array;
  /** [B, K, 2] in crop units. */
  readonly target: Float32Array;
  /** [B, K, 1]. */
  readonly weight: Float32Array;
}

export type BatchConfig = Pick<
  TrainConfig,
  | 'batch'
  | 'accumulate'
  | 'size'
  | 'aspect'
  | 'dims'
  | 'seed'
  | 'augment'
  | 'rotation'
  | 'scaling'
  | 'colour'
  | 'jointWeights'
> & {
  /** The rows of each batch that are made; default: all. Which images are in a batch, and how they vary, is the same. */
  readonly share?: Share;
};

/** Streams of random numbers of the run's seed; stream 0 draws the weights. */
const ORDER_STREAM = 1;
const AUGMENTATION_STREAM = 2;
const COLOUR_STREAM = 3;

/** Memory for a batch; whoever fills it again overwrites the batch before. */
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
 * The training half in random order, augmented, in full batches; an incomplete last batch is dropped. Batch (epoch,
 * index) depends only on seed, epoch, index and the pictures that can be read: a resumed run sees what an uninterrupted one does, and any thread makes
 * the same batch.
 */
export class TrainingBatches implements BatchSource {
  readonly length: number;
  readonly #samples: Pick<TrainingSamples, 'length' | 'endless' | 'sample'>;
  readonly #config: BatchConfig;
  readonly #augmentation: AugmentOptions;
  readonly #schema: JointSchema;
  readonly #flip: Uint32Array;
  readonly #jointWeights: readonly number[] | undefined;
  #order: Order | undefined;

  /** @throws DataError if the data do not fill one batch */
  constructor(
    data: {
      readonly dataset: Pick<PoseDataset, 'name' | 'schema' | 'mirrorable'>;
      readonly train: Pick<TrainingSamples, 'length' | 'endless' | 'sample'>;
    },
    config: BatchConfig,
  ) {
    const { dataset, train } = data;
    const { batch, share: { size } = WHOLE } = config;
    this.length = Math.floor(train.length / batch);
    if (this.length === 0) {
      const each = size === 1 ? '' : ` on each of ${size} ranks`;
      const most = Math.floor(train.length / size);
      const remedy = size === 1 ? 'give at most as many' : most < 2 ? 'start fewer ranks' : `give at most ${most}`;
      throw new DataError(
        `--batch ${batch / size}${each}: ${dataset.name} has ${counted(train.length, 'training image')}; ${remedy}`,
      );
    }
    this.#samples = train;
    this.#config = config;
    const { height, width } = inputSize(config);
    const options = { ...recipeOptions(config.augment, config), aspect: width / height };
    this.#augmentation = dataset.mirrorable ? options : { ...options, mirrorProbability: 0 };
    this.#schema = dataset.schema;
    this.#flip = flipOrder(dataset.schema);
    this.#jointWeights = jointWeightsOf(dataset.schema, config);
  }

  async at(epoch: number, index: number): Promise<CropBatch> {
    const { batch, seed, dims, share = WHOLE } = this.#config;
    const { length, endless } = this.#samples;
    const count = batch / share.size;
    if (this.#order?.epoch !== epoch) {
      const rng = new Rng(seed, ORDER_STREAM).split(epoch);
      this.#order = { epoch, indices: rng.permutation(length) };
    }
    const variations = new Rng(seed, AUGMENTATION_STREAM).split(epoch);
    const colours = new Rng(seed, COLOUR_STREAM).split(epoch);
    const row = async (which: number) => {
      const sample = await this.#samples.sample(which);
      const streams = [variations.split(which), colours.split(which)] as const;
      const { outside } = this.#augmentation;
      return { sample, outside, ...varySample(sample, this.#schema, ...streams, this.#augmentation) };
    };
    const { parts, rows: each } = partsOf(this.#config, share);
    // Of every part of the batch a rank has a share, or it has parts of its own.
    const [stride, first] = share.syncBatchNorm ? [batch / parts, share.rank * each] : [each, share.rank * count];
    const chosen = Array.from({ length: count }, (_, i) => {
      const at = index * batch + first + stride * Math.floor(i / each) + (i % each);
      return (this.#order as Order).indices[at] + (endless ? epoch * length : 0);
    });
    const rows = await Promise.all(chosen.map(row));
    const made = makeCropBatch(rows, inputSize(this.#config), this.#flip, count, dims);
    const weighed = weighJoints(made, this.#jointWeights, count);
    const broken = rows.flatMap(({ sample }) => sample.insteadOf ?? []);
    return broken.length > 0 ? { ...weighed, broken: mergeBroken([], broken) } : weighed;
  }
}

/** In which an epoch sees the images. */
interface Order {
  readonly epoch: number;
  readonly indices: Uint32Array;
}

/** Some samples in the form in which a network is evaluated on them. */
export interface EvaluationBatch {
  readonly first: number;
  readonly count: number;
  readonly upright: CropBatch;
  /** The same crops seen in a mirror, for the flip test. */
  readonly mirrored?: CropBatch | undefined;
}

/**
 * Upright crops in their own order, in batches of one size; rows beyond the last sample have weight 0.
 * @param share of several ranks, which take batches in turn; default: all batches
 */
export function* evaluationBatches(
  schema: JointSchema,
  samples: readonly LoadedSample[],
  config: Pick<TrainConfig, 'batch' | 'size' | 'aspect' | 'dims' | 'jointWeights'>,
  flipTest: boolean,
  { rank, size }: Share = WHOLE,
): Generator<EvaluationBatch> {
  const order = flipOrder(schema);
  const { batch, dims } = config;
  const weights = jointWeightsOf(schema, config);
  const input = inputSize(config);
  for (let first = rank * batch; first < samples.length; first += size * batch) {
    const some = samples.slice(first, first + batch);
    const through = (cropOf: (crop: Crop) => Crop) => {
      const rows = some.map((sample) => ({ sample, crop: cropOf(sample.crop) }));
      return weighJoints(makeCropBatch(rows, input, order, batch, dims), weights, batch);
    };
    const mirrored = flipTest ? through(mirrorCrop) : undefined;
    yield { first, count: some.length, upright: through((crop) => crop), mirrored };
  }
}
