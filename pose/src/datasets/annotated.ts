import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from 'wgrad';
import { type Box, checkSample, type PoseSplit, type SpatialLabels, type SplitOrigin } from '../dataset.js';
import { decodeImage } from '../images.js';
import type { JointSchema } from '../schema.js';

/** One labelled person, before the picture is decoded; the fields that `PoseSample` has as well are the same. */
export interface AnnotatedPerson {
  readonly id: string;
  /** Path of the picture. */
  readonly path: string;
  /** The picture's size, if the annotation tells it. */
  readonly size?: readonly [width: number, height: number];
  readonly box: Box;
  readonly padding?: number;
  readonly joints: Float64Array;
  readonly weights: Float64Array;
  readonly spatial?: SpatialLabels;
  readonly headBox?: Box;
}

/** What the people of a split have in common. */
export interface SplitSource {
  readonly schema: JointSchema;
  readonly origin: SplitOrigin;
  /** Whether labels are for pictures turned as their EXIF orientation says, or as they are stored. */
  readonly upright: boolean;
}

/**
 * The split of a list of people, a sample for each, decoded whenever it is asked for.
 * @throws DataError (when asked) naming the picture that is missing, broken, or of another size than its annotation says
 */
export function annotatedSplit(
  people: readonly AnnotatedPerson[],
  { schema, origin, upright }: SplitSource,
): PoseSplit {
  return {
    length: people.length,
    origin,
    async sample(index) {
      if (!(index in people)) throw new DataError(`${origin.name}: sample ${index} of ${people.length} does not exist`);
      const { path, size, ...labels } = people[index];
      const image = await decodeImage(path, { upright });
      if (size && (size[0] !== image.width || size[1] !== image.height)) {
        throw new DataError(
          `${labels.id}: the image is ${image.width}x${image.height}, its annotation says ${size.join('x')}; ` +
            'labels of another size would land in the wrong place',
        );
      }
      return checkSample(schema, { ...labels, image });
    },
  };
}

/**
 * The box between the centres of its corner pixels, limited to the picture: `[x, y, w, h]` counts from edge to edge, so
 * that its last pixel is `x + w - 1` (as in the official code and mmpose). Undefined where nothing of it is left.
 */
export function boxInPixels([x, y, w, h]: Box, width: number, height: number): Box | undefined {
  const [left, top] = [Math.max(0, x), Math.max(0, y)];
  const right = Math.min(width - 1, x + Math.max(0, w - 1));
  const bottom = Math.min(height - 1, y + Math.max(0, h - 1));
  return right > left && bottom > top ? [left, top, right - left, bottom - top] : undefined;
}

/** The labels `x, y, v` of K joints, of which those with v = 0 weigh nothing; hidden ones (v = 1) count fully. */
export function jointsOf(keypoints: ArrayLike<number>): Pick<AnnotatedPerson, 'joints' | 'weights'> {
  const count = keypoints.length / 3;
  const joints = Float64Array.from({ length: 2 * count }, (_, i) => keypoints[3 * (i >> 1) + (i % 2)]);
  const weights = Float64Array.from({ length: count }, (_, k) => Number(keypoints[3 * k + 2] > 0));
  return { joints, weights };
}

/** `file` inside `folder`. @throws DataError for a path that leads out of it */
export function imagePath(folder: string, file: string, where: string): string {
  if (/^([/\\]|[a-z]:)|(^|[/\\])\.\.([/\\]|$)/i.test(file)) {
    throw new DataError(`${where}: ${file} must be a path inside ${folder}`);
  }
  return join(folder, file);
}

/** The first folder that has the file. @throws DataError with all that were tried */
export async function folderWith(file: string, candidates: readonly string[], where: string): Promise<string> {
  for (const folder of candidates) {
    if (await exists(imagePath(folder, file, where))) return folder;
  }
  throw new DataError(`${where}: its image ${file} is in none of ${candidates.join(', ')}; put the images into one`);
}

/** Is there a file or folder of this name? */
export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
