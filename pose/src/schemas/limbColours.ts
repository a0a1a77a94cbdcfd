import { type JointSchema, LEFT, LEFT_ARM, type Limb, MIDDLE, RIGHT, RIGHT_ARM } from '../schema.js';
import { sidesOf } from './jointNames.js';
import type { PlainLimb } from './jointParts.js';

/** Colours of chains, such as fingers, where nothing has a side. */
const CHAINS = [LEFT_ARM, LEFT, '#eeca3b', RIGHT_ARM, RIGHT, '#b279a2'];

/**
 * Limbs with colours: those that they have, otherwise warm ones on the left and cool ones on the right, and where no joint
 * has a side another one for each chain of limbs that go on from each other.
 */
export function coloured(limbs: readonly PlainLimb[], { joints, flipPairs = [] }: JointSchema): Limb[] {
  const sides = sidesOf(joints, flipPairs);
  const isSided = sides.some((side) => side !== undefined);
  let chain = -1;
  return limbs.map(([from, to, colour], i) => {
    if (limbs[i - 1]?.[1] !== from) chain++;
    if (colour !== undefined) return [from, to, colour];
    if (!isSided) return [from, to, CHAINS[chain % CHAINS.length]];
    const touched = new Set([sides[from], sides[to]]);
    if (touched.has('left') === touched.has('right')) return [from, to, MIDDLE];
    return [from, to, touched.has('left') ? LEFT : RIGHT];
  });
}
