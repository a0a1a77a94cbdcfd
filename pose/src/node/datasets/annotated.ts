import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from 'wgrad';
import { checkSample, type PoseSplit, type SplitOrigin } from '../../dataset.js';
import type { AnnotatedPerson } from '../../datasets/people.js';
import type { JointSchema } from '../../schema.js';
import { decodeImage } from '../images.js';

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
