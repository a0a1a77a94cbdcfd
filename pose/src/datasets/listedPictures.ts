import { DataError } from 'wgrad';
import type { Annotation, Annotations, Id, Picture } from './annotations.js';
import { pictureIds } from './pictureIds.js';

/** A picture that a list names, before it has an id. */
export type ListedPicture = Omit<Picture, 'id'> & { readonly file: string };

/** Someone in a picture that a list names, before both have ids. */
export interface ListedPerson extends Omit<Annotation, 'id' | 'image' | 'category' | 'crowd' | 'labelled'> {
  readonly picture: ListedPicture;
  /** Absent: the only one, `PERSON`. */
  readonly category?: Id;
}

/** The category of people where a form has no categories. */
export const PERSON = 1;

/**
 * Pictures and people of a form without ids. A picture's id is the number in its name or its place among the pictures
 * (see `pictureIds`), a person's id its place among the people; places count from 1.
 * @param alone pictures that may have nobody, before all others
 * @throws DataError where two people of one picture are in different parts of the data set
 */
export function listedPictures(
  people: readonly ListedPerson[],
  file: string,
  alone: readonly ListedPicture[] = [],
): Pick<Annotations, 'file' | 'pictures' | 'people'> {
  const byFile = new Map<string, ListedPicture>(alone.map((picture) => [picture.file, picture]));
  for (const { picture } of people) {
    const known = byFile.get(picture.file);
    if (known && known.split !== picture.split) {
      throw new DataError(
        `${file}: ${picture.file} has people of which one is in "${known.split}" and one in "${picture.split}"; ` +
          'expected one part for all people of a picture',
      );
    }
    byFile.set(picture.file, { ...known, ...picture });
  }
  const ids = new Map<string, number>();
  const numbers = pictureIds([...byFile.keys()]);
  for (const [i, name] of [...byFile.keys()].entries()) ids.set(name, numbers[i]);
  const pictures = new Map<Id, Picture>();
  for (const [name, picture] of byFile) {
    const id = ids.get(name) as number;
    pictures.set(id, { ...picture, id });
  }
  return {
    file,
    pictures,
    people: people.map(({ picture, category = PERSON, ...person }, i) => ({
      ...person,
      ...{ id: i + 1, image: ids.get(picture.file) as number, category, crowd: false },
      labelled: person.keypoints.filter((v, at) => at % 3 === 2 && v > 0).length,
    })),
  };
}

/** `x, y, v` of points, null where there is no label; `shift` is added to both coordinates. */
export function keypointsOf(points: readonly (readonly [x: number, y: number] | null)[], shift = 0): number[] {
  return points.flatMap((point) => (point ? [point[0] + shift, point[1] + shift, 2] : [0, 0, 0]));
}
