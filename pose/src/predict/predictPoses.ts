import { DataError } from 'wgrad';
import { abortable } from '../abortable.js';
import { type Conventions, readingOf } from '../checkpoints/conventions.js';
import { type Crop, cropAround, decodeJoints, mirrorCrop } from '../crop.js';
import type { Box, RgbImage } from '../dataset.js';
import { frameOf } from '../datasets/people.js';
import { bboxKeypoint, bboxRle } from '../metrics/poseConfidence.js';
import { type ConfidentPoses, posesOf, shifted } from '../networkAnswer.js';
import { planeOf } from '../plane.js';
import { flipOrder, type JointSchema } from '../schema.js';
import { DEPTH_UNIT, decodeSpatialJoints } from '../targets.js';
import type { ErrorDensity } from '../uncertainty/errorDensity.js';
import { decodeInSpace, type ExpectedInSpace, expectedInSpace } from '../uncertainty/expectedInSpace.js';
import { decodeLabels, type ExpectedLabels, expectedLabels } from '../uncertainty/expectedLabels.js';
import { warpCrop } from '../warp.js';
import type { ImageToPredict, PersonBox } from './imageToPredict.js';
import type { PoseNetwork } from './poseNetwork.js';

/** One person as the network sees it. */
export interface PredictedPose {
  readonly image: ImageToPredict;
  readonly size: readonly [width: number, height: number];
  readonly person: PersonBox;
  /** Longer side of the crop in pixels. */
  readonly side: number;
  /** Area of the crop in square pixels. */
  readonly area: number;
  /** [K, 2] in pixels. */
  readonly joints: Float64Array;
  /** Where the network expects the labels, in pixels; absent where it has no sigma. */
  readonly expected?: ExpectedLabels;
  /** The same in space, for a network in 3-D. */
  readonly space?: PoseInSpace;
  /** [K]: by RLE's eq. 9, or the heights of the heatmaps' peaks; 1 where the network gives neither. */
  readonly jointScores: readonly number[];
  /**
   * With sigmas, RLE's `box + mean + max` of the joints' scores, where box is 0 for annotated boxes. With heatmaps, the
   * box's score or 1, times the mean of the joints' scores above 0.2. Otherwise the box's score or 1.
   */
  readonly score: number;
}

/** x and y in pixels, z in millimetres behind joint 0, the root. */
export interface PoseInSpace {
  /** [K, 3]. */
  readonly joints: Float64Array;
  readonly expected?: ExpectedInSpace | undefined;
}

export interface PredictOptions {
  readonly network: PoseNetwork;
  readonly conventions: Conventions;
  readonly schema: JointSchema;
  /**
   * Decodes a picture, as `decodePicture` of wgrad-pose/node does for files; if it throws a DataError, `onFailure` gets
   * it.
   */
  readonly decode: (image: ImageToPredict) => Promise<RgbImage>;
  /** How many people go through the network at a time. */
  readonly batch: number;
  /** Average with the prediction for the mirror image. */
  readonly flipTest: boolean;
  /** The density of the predictions' errors in units of sigma: `flipAveraged` with the flip test. */
  readonly errors?: ErrorDensity;
  /**
   * Receives the errors of images that cannot be read, with all their people, and of boxes outside their image, each with its
   * person; the others are still predicted.
   */
  readonly onFailure: (error: DataError, lost: { readonly unread: boolean; readonly people: number }) => void;
  readonly onProgress?: (done: number, total: number) => void;
  /** Once it is aborted, no further image is begun. */
  readonly signal?: AbortSignal;
}

/** The poses found, even if an error or an abort came in between. */
export interface PredictedPoses {
  readonly poses: PredictedPose[];
  /** How many images, counted from the first, are complete. */
  readonly done: number;
  /** What the network threw; people of the images from `done` on are then missing. */
  readonly error?: unknown;
}

/** Predicts every person of every image, in order, from crops made by the checkpoint's conventions. */
export async function predictPoses(
  images: readonly ImageToPredict[],
  options: PredictOptions,
): Promise<PredictedPoses> {
  const { network, conventions, schema, decode, batch, flipTest, errors, onFailure, onProgress, signal } = options;
  const [height, width] = conventions.size;
  const pixels = height * width * 3;
  const order = flipOrder(schema);
  const [inputs, mirrored] = [new Float32Array(batch * pixels), new Float32Array(flipTest ? batch * pixels : 0)];
  const poses: PredictedPose[] = [];
  let rows: Row[] = [];

  const answer = async (pictures: Float32Array) => shifted(await network(pictures), errors?.shift);
  const flush = async () => {
    if (rows.length === 0) return;
    // Rows beyond the last person keep old values: with one shape, one set of kernels is enough.
    const upright = await answer(inputs);
    const all = posesOf(upright, flipTest ? await answer(mirrored) : undefined, order, readingOf(conventions));
    const own = (i: number, values: Float64Array) => {
      const count = values.length / batch;
      return values.subarray(i * count, (i + 1) * count);
    };
    const found = rows.map((row, i) => {
      const [sigma, confidence] = [all.sigma, all.confidence].map((values) => values && own(i, values));
      const pose = { ...all, mu: own(i, all.mu), sigma, confidence };
      checkFinite(pose, row);
      return poseOf(row, pose, order, errors, conventions.depth);
    });
    poses.push(...found);
    rows = [];
  };
  const load = (image?: ImageToPredict) => image && decode(image).catch(toFailure);

  const look = async (image: ImageToPredict, picture: RgbImage) => {
    for (const person of image.people ?? [wholeOf(picture)]) {
      const crop = cropOf(image, picture, person, conventions);
      if (crop instanceof DataError) {
        onFailure(crop, { unread: false, people: 1 });
        continue;
      }
      const at = rows.length * pixels;
      warpCrop(picture, crop, width, height, inputs.subarray(at, at + pixels), conventions);
      if (flipTest) {
        warpCrop(picture, mirrorCrop(crop), width, height, mirrored.subarray(at, at + pixels), conventions);
      }
      rows.push({ image, size: [picture.width, picture.height], person, crop });
      if (rows.length === batch) await flush();
    }
  };

  let done = 0;
  let next = load(images[0]);
  try {
    while (done < images.length && !signal?.aborted) {
      const decoded = await abortable(Promise.resolve(next), signal).catch((reason: unknown) => {
        if (!signal?.aborted) throw reason;
        return undefined;
      });
      if (signal?.aborted) break;
      next = load(images[done + 1]); // while the device is at work
      const image = images[done];
      if (decoded instanceof DataError) onFailure(decoded, { unread: true, people: image.people?.length ?? 1 });
      else await look(image, decoded as RgbImage);
      done++;
      onProgress?.(done, images.length);
    }
    await flush();
    return { poses, done };
  } catch (error) {
    return { poses, done: images.indexOf(rows[0]?.image ?? images[done]), error };
  }
}

/** @throws DataError naming the image if an answer is not finite: JSON would store null for it */
function checkFinite({ mu, sigma, confidence }: ConfidentPoses, { image }: Row): void {
  if ([mu, sigma, confidence].every((values) => values?.every(Number.isFinite) ?? true)) return;
  throw new DataError(
    `${image.path}: the network answers with NaN or infinity; its weights hold some or overflow, take another checkpoint`,
  );
}

interface Row extends Pick<PredictedPose, 'image' | 'size' | 'person'> {
  readonly crop: Crop;
}

function poseOf(
  { crop, ...row }: Row,
  { mu: points, sigma: sigmas, confidence, dims = 2 }: ConfidentPoses,
  order: Uint32Array,
  errors: ErrorDensity | undefined,
  unit = DEPTH_UNIT,
): PredictedPose {
  const [mu, sigma] = [planeOf(points, dims), sigmas && planeOf(sigmas, dims)];
  const moments = errors?.space;
  const inSpace = sigmas && moments && expectedInSpace(points, sigmas, moments);
  const jointScores = confidence ? Array.from(confidence) : Array.from(order, () => 1);
  const box = row.person.score;
  const byPeaks = confidence ? bboxKeypoint(box ?? 1, jointScores) : (box ?? 1);
  return {
    ...row,
    side: Math.max(crop.width, crop.height),
    area: crop.width * crop.height,
    joints: decodeJoints(mu, crop, order),
    expected: sigma && errors && decodeLabels(expectedLabels(mu, sigma, errors), crop, order),
    ...(dims === 3 && {
      space: {
        joints: decodeSpatialJoints(points, crop, order, unit),
        expected: inSpace && decodeInSpace(inSpace, crop, unit, points[2]),
      },
    }),
    jointScores,
    score: sigma ? bboxRle(box ?? 0, jointScores) : byPeaks,
  };
}

const wholeOf = ({ width, height }: RgbImage): PersonBox => ({ box: [0, 0, width, height] as Box, category: 1 });

function cropOf(
  { path }: ImageToPredict,
  { width, height }: RgbImage,
  person: PersonBox,
  { size, padding }: Conventions,
): Crop | DataError {
  const frame = frameOf(person, [width, height]);
  if (frame) return cropAround(frame, { padding: person.padding ?? padding, aspect: size[1] / size[0] });
  const { box } = person;
  return new DataError(`${path}: nothing of the box [${box.join(', ')}] is in the ${width}x${height} image`);
}

function toFailure(error: unknown): DataError {
  if (error instanceof DataError) return error;
  throw error;
}
