import { DataError } from 'wgrad';
import { counted } from 'wgrad/io';
import type { JointSchema } from './schema.js';

/** An 8-bit RGB picture, rows top to bottom: `data[(y * width + x) * 3 + channel]`. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** `[x, y, width, height]` in pixels. */
export type Box = readonly [x: number, y: number, width: number, height: number];

/** What 3-D data sets know besides pixels. */
export interface SpatialLabels {
  /** Depths [K] in millimetres behind joint 0, the root. */
  readonly depths: Float64Array;
  /** Depth of the root in millimetres; with it, pixels can be turned into millimetres. */
  readonly rootDepth: number;
  /** The pinhole camera, in pixels. */
  readonly focal: readonly [x: number, y: number];
  readonly centre: readonly [x: number, y: number];
}

/**
 * One annotated person. Points are in pixels with the origin at the centre of the top left pixel: the pixel of column i
 * and row j has its centre at (i, j), and the image covers [-0.5, width - 0.5] x [-0.5, height - 0.5].
 */
export interface PoseSample {
  /** Names the sample in messages: a file name, or anything by which one finds it. */
  readonly id: string;
  readonly image: RgbImage;
  /** The tight box of the person; the crop pads it. */
  readonly box: Box;
  /** How much larger than the box the crop is; default: `PADDING`. */
  readonly padding?: number;
  /** Labels [K, 2] in pixels. */
  readonly joints: Float64Array;
  /** [K]: the weight of each joint in losses and metrics; 0 where it is not annotated. */
  readonly weights: Float64Array;
  /** Where the joints are in space, if the data set knows it. */
  readonly spatial?: SpatialLabels;
  /** The rectangle around the head, if the data set has it; PCKh divides by its diagonal. */
  readonly headBox?: Box;
  /** Joints [K, 2] without annotation noise, where a data set knows them; metrics prefer them. */
  readonly clean?: Float64Array;
  /**
   * Returns the same picture in another resolution, its longer side in pixels, for a data set that has a finer one;
   * reports show it.
   */
  readonly picture?: (side: number) => RgbImage | Promise<RgbImage>;
}

/** How another thread opens the same split: it calls an exported function of a module, which returns the data set. */
export interface SplitOrigin {
  /** URL of the module. */
  readonly module: string;
  /** The exported function; it returns a `PoseDataset` or a promise of one. */
  readonly name: string;
  /** The function's arguments: values that `postMessage` can send. */
  readonly args: readonly unknown[];
  readonly part: 'train' | 'test';
}

/** A sequence of samples, each of which is loaded when it is asked for; an index always gives the same sample. */
export interface PoseSplit {
  readonly length: number;
  /** Every index >= 0 has a sample, not those below `length` alone: each epoch takes the next `length` of them. */
  readonly endless?: boolean;
  sample(index: number): PoseSample | Promise<PoseSample>;
  /** Absent: samples are decoded in the thread that opened the data set. */
  readonly origin?: SplitOrigin;
  /** The file of each sample's picture, where pictures are files. */
  readonly paths?: readonly string[];
}

/** A pose-estimation task. Implement this to train on your own images. */
export interface PoseDataset {
  readonly name: string;
  readonly schema: JointSchema;
  /**
   * Whether a mirrored picture with left and right swapped could belong to this data set. It could not if each side
   * wears its own colours or if text shows the sides; then training must not mirror, and testing must not average over
   * the mirror image.
   */
  readonly mirrorable: boolean;
  /** Whether its samples have `spatial` labels. */
  readonly spatial?: boolean;
  /** What was found, left out and decided when it was opened, a line each. */
  readonly notes?: readonly string[];
  /** Changes with any label, box or picture's name; it tells a run that goes on whether they are as they were. */
  readonly digest?: string;
  readonly train: PoseSplit;
  readonly test: PoseSplit;
}

/**
 * How far outside the image a label may lie, in units of the image's longer side: people may reach a little out of the
 * frame.
 */
const FARTHEST = 0.5;

/**
 * Returns the sample if it can be trained on.
 * @throws DataError naming image and joint: wrong lengths, a weight below 0, a non-finite coordinate, a joint more than
 * half the longer side outside the image, no joint with weight, a box without extent, or a depth or camera that is no number.
 */
export function checkSample(schema: JointSchema, sample: PoseSample): PoseSample {
  const { id, image, joints, weights, box, spatial, padding = 1 } = sample;
  const count = schema.joints.length;
  if (image.data.length !== image.width * image.height * 3) {
    throw new DataError(
      `${id}: ${image.width}x${image.height} RGB needs ${image.width * image.height * 3} bytes, got ${image.data.length}`,
    );
  }
  if (joints.length !== 2 * count || weights.length !== count) {
    throw new DataError(
      `${id}: ${schema.name} has ${counted(count, 'joint')}, so ${2 * count} coordinates and ${counted(count, 'weight')}; ` +
        `got ${joints.length} and ${weights.length}`,
    );
  }
  const margin = FARTHEST * Math.max(image.width, image.height);
  let annotated = 0;
  for (let k = 0; k < count; k++) {
    if (!(weights[k] >= 0 && weights[k] < Infinity)) {
      throw new DataError(`${id}: joint ${schema.joints[k]} has weight ${weights[k]}; a weight is a number >= 0`);
    }
    if (weights[k] === 0) continue;
    annotated++;
    const x = joints[2 * k];
    const y = joints[2 * k + 1];
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      throw new DataError(
        `${id}: joint ${schema.joints[k]} is at (${x}, ${y}); give finite pixels, or weight 0 where it is unknown`,
      );
    }
    if (x < -margin || y < -margin || x > image.width - 1 + margin || y > image.height - 1 + margin) {
      throw new DataError(
        `${id}: joint ${schema.joints[k]} at (${x.toFixed(1)}, ${y.toFixed(1)}) is far outside the ` +
          `${image.width}x${image.height} image; labels are pixels of this image, at most ${margin} px beyond its edge`,
      );
    }
  }
  if (spatial) checkSpatial(schema, sample, spatial);
  if (!(padding > 0 && padding < Infinity)) {
    throw new DataError(`${id}: the padding of its box is ${padding}; a padding is a number above 0, such as 1.25`);
  }
  if (annotated === 0)
    throw new DataError(`${id}: none of ${counted(count, 'joint')} is annotated; leave the person out`);
  if (!box.every(Number.isFinite) || Math.max(box[2], box[3]) <= 0) {
    throw new DataError(
      `${id}: the box [${box.join(', ')}] has no extent; it takes [x, y, width, height] in pixels, or two joints`,
    );
  }
  return sample;
}

/** @throws DataError naming the number that is missing or no number */
function checkSpatial(schema: JointSchema, { id, weights }: PoseSample, spatial: SpatialLabels): void {
  const { depths, rootDepth, focal, centre } = spatial;
  if (depths.length !== weights.length) {
    throw new DataError(
      `${id}: ${schema.name} has ${counted(weights.length, 'joint')}, and there ${depths.length === 1 ? 'is' : 'are'} ${counted(depths.length, 'depth')}`,
    );
  }
  const bad = depths.findIndex((depth, k) => weights[k] > 0 && !Number.isFinite(depth));
  if (bad >= 0) {
    throw new DataError(
      `${id}: joint ${schema.joints[bad]} has depth ${depths[bad]}; give finite millimetres, or weight 0 where it is unknown`,
    );
  }
  if ([rootDepth, ...focal, ...centre].every(Number.isFinite)) return;
  throw new DataError(
    `${id}: root depth ${rootDepth}, focal length ${focal.join(', ')}, centre ${centre.join(', ')}; expected finite numbers`,
  );
}

/** The smallest box around the joints of positive weight; `[0, 0, 0, 0]` if there are none. */
export function jointBox(joints: ArrayLike<number>, weights: ArrayLike<number>): Box {
  let left = Infinity;
  let top = Infinity;
  let right = -Infinity;
  let bottom = -Infinity;
  for (let k = 0; k < weights.length; k++) {
    if (weights[k] <= 0) continue;
    left = Math.min(left, joints[2 * k]);
    right = Math.max(right, joints[2 * k]);
    top = Math.min(top, joints[2 * k + 1]);
    bottom = Math.max(bottom, joints[2 * k + 1]);
  }
  return right < left ? [0, 0, 0, 0] : [left, top, right - left, bottom - top];
}
