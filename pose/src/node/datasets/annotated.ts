import { access } from 'node:fs/promises';
import { DataError } from 'wgrad';
import { checkSample, type PoseSplit, type SplitOrigin } from '../../dataset.js';
import type { Orientation } from '../../datasets/annotations.js';
import type { AnnotatedPerson } from '../../datasets/people.js';
import type { JointSchema } from '../../schema.js';
import { decodePicture } from '../images.js';

/** What the people of a split have in common. */
export interface SplitSource {
  readonly schema: JointSchema;
  /** How another thread opens it. */
  readonly origin?: SplitOrigin | undefined;
  /** How pictures are read whose size does not tell it. */
  readonly orientation: Orientation;
  /** The most pixels of a picture that is decoded; default `MAX_PIXELS`. */
  readonly maxPixels?: number | undefined;
}

/**
 * The split of a list of people, a sample for each, decoded whenever it is asked for.
 * @throws DataError (when asked) naming the picture that is missing, broken, or of another size than its annotation says
 */
export function annotatedSplit(
  people: readonly AnnotatedPerson[],
  { schema, origin, orientation, maxPixels }: SplitSource,
): PoseSplit {
  return {
    length: people.length,
    ...(origin && { origin }),
    paths: people.map(({ path }) => path),
    async sample(index) {
      if (!(index in people)) throw new DataError(`sample ${index} of ${people.length} does not exist`);
      const { path, size, ...labels } = people[index];
      const image = await decodePicture(path, { size, orientation, maxPixels });
      return checkSample(schema, { ...labels, image });
    },
  };
}

/** Is there a file or folder of this name? */
export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
