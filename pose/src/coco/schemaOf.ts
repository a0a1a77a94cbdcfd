import { DataError } from 'wgrad';
import { counted } from 'wgrad/io';
import type { Annotations } from '../datasets/annotations.js';
import { fileName } from '../fileName.js';
import { coco17, type JointSchema } from '../schema.js';
import { haveSameJoints, knownWith } from '../schemas/known.js';
import { schemaOfParts } from '../schemas/schemaOfParts.js';
import { withoutNames } from '../schemas/withoutNames.js';

/**
 * The schema of a file's keypoints, by the names and limbs in the categories of its annotations. Of keypoints without names, 17 are COCO's, and
 * of any other number nothing is known.
 * @throws DataError where a category has another number of names than there are keypoints, or other names than another one
 */
export function schemaOf({ file, categories, people, joints, schema: own }: Annotations): JointSchema {
  if (own) return own;
  const used = new Set(people.map(({ category }) => category));
  const named = [...categories].flatMap(([id, { joints: names }]) =>
    names && (used.has(id) || used.size === 0) ? [[id, names] as const] : [],
  );
  for (const [id, names] of named) {
    if (names.length !== joints && joints > 0) {
      throw new DataError(
        `${file}: category ${id} names ${counted(names.length, 'keypoint')}, and its annotations have ${joints}`,
      );
    }
    const [first, before] = named[0];
    if (!haveSameJoints({ joints: names }, { joints: before })) {
      throw new DataError(`${file}: categories ${first} and ${id} have different keypoints; give a file for each`);
    }
  }
  if (named.length === 0) return joints === coco17.joints.length || joints === 0 ? coco17 : withoutNames(joints);
  const [[id, names]] = named;
  const known = knownWith(names);
  if (known) return known;
  const { name, skeleton: limbs } = categories.get(id) ?? {};
  // Fifty kinds of animals with the same joints are no antelopes.
  const called = named.length > 1 || name === undefined ? fileName(file) : name;
  return schemaOfParts({ name: called, joints: names, limbs }, `${file}: category ${id}`);
}
