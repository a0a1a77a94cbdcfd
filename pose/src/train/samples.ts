import { DataError } from 'wgrad';
import { counted } from 'wgrad/io';
import { abortable } from '../abortable.js';
import { type BrokenPicture, checkBroken, mergeBroken, PictureError, readableSamples } from '../brokenPictures.js';
import { type Crop, cropAround } from '../crop.js';
import { checkSample, type PoseDataset, type PoseSample, type PoseSplit } from '../dataset.js';
import { nextTurn } from '../nextTurn.js';
import type { JointSchema } from '../schema.js';

/** A sample with the crop that evaluation takes of it. Its pixels are in memory that threads share, where there is such memory. */
export interface LoadedSample extends PoseSample {
  readonly crop: Crop;
  /** What this sample stands in for. */
  readonly insteadOf?: readonly BrokenPicture[];
}

/** The training half, in memory or decoded again whenever a sample is asked for. */
export interface TrainingSamples extends PoseSplit {
  /**
   * All samples but broken ones, if they fit into memory and come again: to decode or generate them in every epoch would keep the network
   * waiting.
   */
  readonly held?: readonly (LoadedSample | undefined)[];
  sample(index: number): LoadedSample | Promise<LoadedSample>;
}

/** What a run sees of a training half. @param shown its length as it is written */
export function imagesText({ length, endless }: PoseSplit, shown = String(length)): string {
  return endless ? `${shown} new images in every epoch` : counted(length, 'image', undefined, shown);
}

/** Both halves of a data set. */
export interface LoadedData {
  readonly dataset: PoseDataset;
  readonly train: TrainingSamples;
  readonly test: readonly LoadedSample[];
  /** What is left out because it cannot be read, as far as it is known. */
  readonly broken?: readonly BrokenPicture[];
}

/** Who decodes samples elsewhere, as `DataWorkers` do in threads. */
export interface SampleLoader {
  /** How many chunks of samples it decodes at a time. */
  readonly count: number;
  /** Decodes and checks samples, or says why one cannot be read; undefined where it cannot, as the split has no `origin`. */
  load(
    dataset: PoseDataset,
    part: 'train' | 'test',
    indices: readonly number[],
    aspect?: number,
  ): Promise<(LoadedSample | PictureError)[]> | undefined;
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
  /** The most pictures that are left out because they cannot be read; default 0. */
  readonly skipBroken?: number;
  /** Those that a run has left out already, which stay so. */
  readonly broken?: readonly BrokenPicture[];
}

/** Samples that load at a time: enough to keep a decoder's threads busy. */
const CHUNK = 16;

/**
 * Loads and checks the samples of a data set; if the training half is too large, its samples are checked when they are
 * used.
 * @throws DataError naming the image that is broken or mislabelled, or the pictures where more of them cannot be read than may
 * be, or the part that is empty
 */
export async function loadData(dataset: PoseDataset, options: LoadOptions = {}): Promise<LoadedData> {
  const { onProgress, memory = Number.POSITIVE_INFINITY, aspect, skipBroken = 0, broken: known = [] } = options;
  const { length, endless, origin } = dataset.train;
  const first = endless ? 0 : length;
  const total = first + dataset.test.length;
  const train = endless
    ? undefined
    : await loadHalf(dataset, 'train', memory, options, (done) => onProgress?.(done, total));
  const tested = await loadHalf(dataset, 'test', Number.POSITIVE_INFINITY, options, (done) =>
    onProgress?.(first + done, total),
  );
  const broken = mergeBroken(known, [...(train?.broken ?? []), ...(tested?.broken ?? [])]);
  checkBroken(broken, skipBroken);
  const test = (tested?.samples ?? []).filter((sample) => sample !== undefined);
  if (test.length === 0) throw new DataError(`${dataset.name}: no picture of the test half can be read`);
  const held = train?.samples;
  const sampleAt = (index: number) => held?.[index] ?? loadSample(dataset.schema, dataset.train, index, aspect);
  const sample = readableSamples(sampleAt, { length, broken, most: skipBroken });
  return { dataset, broken, train: { length, endless, origin, held, sample }, test };
}

/** A half in memory. */
interface LoadedHalf {
  /** By index; undefined where a picture is broken. */
  readonly samples: readonly (LoadedSample | undefined)[];
  readonly broken: readonly BrokenPicture[];
}

/** The samples of a part, or undefined as soon as it is clear that they need more than `limit` bytes. */
async function loadHalf(
  dataset: PoseDataset,
  part: 'train' | 'test',
  limit: number,
  { signal, workers, aspect, skipBroken = 0, broken: known = [] }: LoadOptions,
  onProgress: (done: number) => void,
): Promise<LoadedHalf | undefined> {
  const split = dataset[part];
  if (split.length === 0) {
    const { name, notes = [] } = dataset;
    const reasons = notes.filter((note) => note.includes('left out')).map((note) => `; ${note}`);
    throw new DataError(
      `${name}: nobody is in the ${part} split${reasons.join('')}; expected one at least: name a file for it with --${part}, ` +
        'give pictures a "split", or more pictures, of which every fifth tests',
    );
  }
  const samples = new Array<LoadedSample | undefined>(split.length).fill(undefined);
  const broken: BrokenPicture[] = [];
  const isKnown = new Set(known.flatMap((one) => (one.part === part ? [one.index] : [])));
  let [first, done, bytes] = [0, 0, 0];
  const isTooMuch = () => (bytes / done) * split.length > limit;
  // Each worker takes the next chunk as soon as it has finished one, so that none waits for another.
  const takeChunks = async () => {
    while (first < split.length && !isTooMuch()) {
      signal?.throwIfAborted();
      const all = Array.from({ length: Math.min(CHUNK, split.length - first) }, (_, i) => first + i);
      first += all.length;
      const indices = all.filter((index) => !isKnown.has(index));
      const loading =
        workers?.load(dataset, part, indices, aspect) ??
        Promise.all(indices.map((index) => loadSample(dataset.schema, split, index, aspect).catch(brokenPicture)));
      const chunk = await abortable(loading, signal).catch((error) => {
        first = split.length; // nobody needs to go on
        throw error;
      });
      chunk.forEach((found, i) => {
        const index = indices[i];
        if (found instanceof PictureError) {
          broken.push({ part, index, picture: found.picture, why: found.why });
        } else {
          samples[index] = found;
          bytes += found.image.data.length;
        }
      });
      checkBroken(broken, skipBroken);
      done += all.length;
      onProgress(done);
      // Samples may come without any wait; this gives signals and timers their turn.
      await nextTurn();
    }
  };
  await Promise.all(Array.from({ length: workers ? 2 * workers.count : 1 }, takeChunks));
  return isTooMuch() ? undefined : { samples, broken: broken.sort((a, b) => a.index - b.index) };
}

/** @internal A picture that cannot be read, as a value; whatever else went wrong is thrown. */
export function brokenPicture(error: unknown): PictureError {
  if (error instanceof PictureError) return error;
  throw error;
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
