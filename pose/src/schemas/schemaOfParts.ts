import type { JointSchema } from '../schema.js';
import { partnersByName, plainName } from './jointNames.js';
import { checkParts, type JointParts } from './jointParts.js';
import { knownWith, SCHEMAS } from './known.js';
import { coloured } from './limbColours.js';

/**
 * The schema of joints that a file describes. What the file says is so. For what it leaves out, names of a known schema
 * bring what that schema says of them, in whatever order they are; partners of other names come from the names.
 * @param where names the file and place in messages
 * @throws DataError where the parts contradict each other
 */
export function schemaOfParts(parts: JointParts, where: string): JointSchema {
  checkParts(parts, where);
  const { limbs, ...given } = parts;
  const known = knownWith(parts.joints);
  const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const flipPairs = partnersByName(parts.joints);
  const found: JointSchema = {
    ...{ name: parts.name, joints: parts.joints, ...(flipPairs && { flipPairs }), limbs: [], upperBody: [] },
    ...rearranged(parts.joints),
    ...said,
    ...(known && { name: known.name, joints: known.joints }),
  };
  return limbs ? { ...found, limbs: coloured(limbs, found) } : found;
}

/** What a known schema says of these joints, if it has them all. */
function rearranged(joints: readonly string[]): Partial<JointSchema> {
  const names = joints.map(plainName);
  const source = SCHEMAS.find((schema) => {
    const own = new Set(schema.joints.map(plainName));
    return names.every((name) => own.has(name));
  });
  if (!source) return {};
  const own = source.joints.map(plainName);
  /** Where joint k of the source is here, or -1. */
  const at = own.map((name) => names.indexOf(name));
  const isHere = ([a, b]: readonly [number, number, ...unknown[]]) => at[a] >= 0 && at[b] >= 0;
  const pair = ([a, b]: readonly [number, number]) => [at[a], at[b]] as const;
  const pick = (values: readonly number[]) => names.map((name) => values[own.indexOf(name)]);
  const { flipPairs, limbs, normaliser, upperBody, oksSigmas, jointWeights } = source;
  return {
    ...(flipPairs && { flipPairs: flipPairs.filter(isHere).map(pair) }),
    limbs: limbs.filter(isHere).map(([a, b, colour]) => [at[a], at[b], colour] as const),
    ...(normaliser && isHere(normaliser) && { normaliser: pair(normaliser) }),
    upperBody: upperBody.map((k) => at[k]).filter((k) => k >= 0),
    ...(oksSigmas && { oksSigmas: pick(oksSigmas) }),
    ...(jointWeights && { jointWeights: pick(jointWeights) }),
  };
}
