import { DataError } from 'wgrad';
import { abortable } from '../abortable.js';
import { type Crop, cropAround } from '../crop.js';
import { checkSample, type PoseDataset, type PoseSample, type PoseSplit } from '../dataset.js';
import { nextTurn } from '../nextTurn.js';
import type { JointSchema } from '../schema.js';

/** A sample with the crop that evaluation takes of it. Its pixels are in memory that threads share, where there is such memory. */
export interface LoadedSample extends PoseSample {
  readonly crop: Crop;
}

/** The training half, in memory or decoded again whenever a sample is asked for. */
export interface TrainingSamples extends PoseSplit {
  /** All samples, if they fit into memory: to decode or generate them in every epoch would keep the network waiting. */
  readonly held?: readonly LoadedSample[];
  sample(index: number): LoadedSample | Promise<LoadedSample>;
}

/** Both halves of a data set. */
export interface LoadedData {
  readonly dataset: PoseDataset;
  readonly train: TrainingSamples;
  readonly test: readonly LoadedSample[];
}

/** Who decodes samples elsewhere, as `DataWorkers` do in threads. */
export interface SampleLoader {
  /** How many chunks of samples it decodes at a time. */
  readonly count: number;
  /** Decodes and checks samples; undefined where it cannot, as the split has no `origin`. */
  load(
    dataset: PoseDataset,
    part: 'train' | 'test',
    indices: readonly number[],
    aspect?: number,
  ): Promise<LoadedSample[]> | undefined;
}

export interface LoadOptions {
  /** Is called from time to time with the number of loaded samples and their total. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
  /** Threads that decode. */
  readonly workers?: SampleLoader;
  /** Bytes of training images to keep; a half that needs more is decoded again in every epoch. Default: no limit. */
  readonly memory?: number;
  /** Width of the network's input, and of the crops, divided by the height; default 1. */
  readonly aspect?: number;
}

/** Samples that load at a time: enough to keep a decoder's threads busy. */
const CHUNK = 16;

/**
 * Loads and checks the samples of a data set; if the training half is too large, its samples are checked when they are
 * used.
 * @throws DataError naming the image that is broken or mislabelled, or the part that is empty
 */
export async function loadData(dataset: PoseDataset, options: LoadOptions = {}): Promise<LoadedData> {
  const { onProgress, memory = Number.POSITIVE_INFINITY, aspect } = options;
  const { length, origin } = dataset.train;
  const total = length + dataset.test.length;
  const held = await loadHalf(dataset, 'train', memory, options, (done) => onProgress?.(done, total));
  const test = await loadHalf(dataset, 'test', Number.POSITIVE_INFINITY, options, (done) =>
    onProgress?.(length + done, total),
  );
  const sample = (index: number) => held?.[index] ?? loadSample(dataset.schema, dataset.train, index, aspect);
  return { dataset, train: { length, origin, held, sample }, test: test ?? [] };
}

/** The samples of a part, or undefined as soon as it is clear that they need more than `limit` bytes. */
async function loadHalf(
  dataset: PoseDataset,
  part: 'train' | 'test',
  limit: number,
  { signal, workers, aspect }: LoadOptions,
  onProgress: (done: number) => void,
): Promise<LoadedSample[] | undefined> {
  const split = dataset[part];
  if (split.length === 0) {
    const { name, notes = [] } = dataset;
    const reasons = notes.filter((note) => note.includes('left out')).map((note) => `; ${note}`);
    throw new DataError(
      `${name}: nobody is in the ${part} split${reasons.join('')}; expected one at least: name a file for it with --${part}, ` +
        'give pictures a "split", or more pictures, of which every fifth tests',
    );
  }
  const samples: LoadedSample[] = [];
  let [first, done, bytes] = [0, 0, 0];
  const isTooMuch = () => (bytes / done) * split.length > limit;
  // Each worker takes the next chunk as soon as it has finished one, so that none waits for another.
  const takeChunks = async () => {
    while (first < split.length && !isTooMuch()) {
      signal?.throwIfAborted();
      const indices = Array.from({ length: Math.min(CHUNK, split.length - first) }, (_, i) => first + i);
      first += indices.length;
      const loading =
        workers?.load(dataset, part, indices, aspect) ??
        Promise.all(indices.map((index) => loadSample(dataset.schema, split, index, aspect)));
      const chunk = await abortable(loading, signal).catch((error) => {
        first = split.length; // nobody needs to go on
        throw error;
      });
      chunk.forEach((sample, i) => {
        samples[indices[i]] = sample;
        bytes += sample.image.data.length;
      });
      done += chunk.length;
      onProgress(done);
      // Samples may come without any wait; this gives signals and timers their turn.
      await nextTurn();
    }
  };
  await Promise.all(Array.from({ length: workers ? 2 * workers.count : 1 }, takeChunks));
  return isTooMuch() ? undefined : samples;
}

/** @internal One sample, checked, with its crop. */
export async function loadSample(
  schema: JointSchema,
  split: PoseSplit,
  index: number,
  aspect = 1,
): Promise<LoadedSample> {
  const sample = checkSample(schema, await split.sample(index));
  const { image } = sample;
  const data = new Uint8Array(sharedMemory(image.data.length));
  data.set(image.data);
  return { ...sample, image: { ...image, data }, crop: cropAround(sample.box, { padding: sample.padding, aspect }) };
}

/** Memory that threads share, where there is some: a page has it only if it is isolated from other origins. */
function sharedMemory(bytes: number): ArrayBufferLike {
  return typeof SharedArrayBuffer === 'undefined' ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes);
}
