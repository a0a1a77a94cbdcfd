import { DataError } from 'wgrad';
import type { JsonEntry } from 'wgrad/io';
import type { JointParts } from './jointParts.js';
import { haveSameJoints } from './known.js';

/**
 * The joints of a `categories` entry of COCO's form, `{name, keypoints: [names], skeleton: [[from, to], ...]}`, whose skeleton
 * counts from 1; of several entries, which must have the same joints, the first.
 * @param entries those of the file; whoever has no keypoints is passed over
 * @throws DataError where no entry has keypoints, or two have different ones
 */
export function partsOfCategories(entries: readonly JsonEntry[], file: string): JointParts {
  const named = entries.filter((entry) => entry.has('keypoints')).map((entry) => partsOf(entry, file));
  if (named.length === 0) throw new DataError(`${file}: no category in it names keypoints`);
  const other = named.find((parts) => !haveSameJoints(parts, named[0]));
  if (!other) return named[0];
  throw new DataError(`${file}: the categories ${named[0].name} and ${other.name} have different keypoints`);
}

function partsOf(entry: JsonEntry, file: string): JointParts {
  const joints = entry.list('keypoints').map((name, k) => {
    if (typeof name === 'string' && name !== '') return name;
    throw entry.error(`keypoints[${k}]`, 'expected the name of a joint', name);
  });
  const limbs = entry.has('skeleton')
    ? entry.list('skeleton').map((limb, i) => {
        const ends: readonly unknown[] = Array.isArray(limb) ? limb : [];
        if (
          ends.length === 2 &&
          ends.every((k) => Number.isInteger(k) && Number(k) >= 1 && Number(k) <= joints.length)
        ) {
          return [Number(ends[0]) - 1, Number(ends[1]) - 1] as const;
        }
        throw entry.error(`skeleton[${i}]`, `expected two joints from 1 to ${joints.length}`, ends.join());
      })
    : undefined;
  return { name: entry.has('name') ? entry.text('name') : file, joints, limbs };
}
