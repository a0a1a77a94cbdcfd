import { DataError } from 'wgrad';
import type { Annotation, Annotations } from '../datasets/annotations.js';

/** A person whose area is known, as OKS wants it. */
export interface CocoTruth extends Annotation {
  readonly area: number;
}

/** CrowdPose annotates no segments; its evaluation takes this share of the box as the person's area. */
export const BOX_SHARE = 0.53;

/**
 * The annotated people with their areas.
 * @param source where they come from: the annotation, or `0.53 w h` of the box (as CrowdPose's evaluation)
 * @throws DataError naming the person who has none
 */
export function withAreas({ file, people }: Annotations, source: 'annotation' | 'box'): CocoTruth[] {
  return people.map((person) => {
    const area = source === 'box' ? person.box[2] * person.box[3] * BOX_SHARE : person.area;
    if (area !== undefined && Number.isFinite(area)) return { ...person, area };
    throw new DataError(
      `${file}: annotation ${person.id} has ${area === undefined ? 'no "area"' : 'an endless area'}; expected the person's square pixels (or, with --area box, 0.53 of its box)`,
    );
  });
}
