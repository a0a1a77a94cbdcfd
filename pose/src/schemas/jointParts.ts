import { DataError } from 'wgrad';
import { counted } from 'wgrad/io';
import type { JointSchema } from '../schema.js';
import { plainName } from './jointNames.js';

/** A limb whose colour a file may leave open. */
export type PlainLimb = readonly [from: number, to: number, colour?: string | undefined];

/** What a file says of its joints; what it does not say follows from their names, or stays unknown. */
export interface JointParts extends Partial<Omit<JointSchema, 'limbs'>> {
  readonly name: string;
  readonly joints: readonly string[];
  readonly limbs?: readonly PlainLimb[] | undefined;
}

/** Whatever is said by joint: how many numbers there must be, and which. */
const LISTS = [
  ['oksSigmas', 'sigma', (value: number) => value > 0, 'above 0'],
  ['jointWeights', 'weight', (value: number) => value >= 0, 'from 0'],
] as const;

/**
 * Checks that the parts of a schema are about the same joints.
 * @param where names the file and place in messages
 * @throws DataError naming both sides of a contradiction: two joints of one name, more or fewer numbers than joints, a joint
 * that there is not, a joint in two pairs
 */
export function checkParts(parts: JointParts, where: string): void {
  const { joints, flipPairs = [], limbs = [], normaliser, upperBody = [] } = parts;
  const fail = (text: string): never => {
    throw new DataError(`${where}: ${text}`);
  };
  if (joints.length === 0) fail('no joints');
  const seen = new Map<string, number>();
  for (const [k, name] of joints.entries()) {
    const plain = plainName(name);
    if (plain === '') fail(`joint ${k} has no name`);
    const other = seen.get(plain);
    if (other !== undefined) fail(`joints ${other} and ${k} have one name: ${joints[other]}, ${name}`);
    seen.set(plain, k);
  }
  const checkJoint = (k: number, what: string) => {
    if (!Number.isInteger(k) || k < 0 || k >= joints.length) {
      fail(`${what} is about joint ${k}; there are 0 to ${joints.length - 1}`);
    }
  };
  const partner = new Map<number, number>();
  for (const [a, b] of flipPairs) {
    for (const k of [a, b]) checkJoint(k, `the pair ${a}, ${b}`);
    if (a === b) fail(`joint ${a}, ${joints[a]}, is its own partner; leave the pair out`);
    for (const [k, other] of [
      [a, b],
      [b, a],
    ]) {
      const before = partner.get(k);
      if (before !== undefined) fail(`${joints[k]} has two partners: ${joints[before]} and ${joints[other]}`);
      partner.set(k, other);
    }
  }
  for (const [a, b] of limbs) for (const k of [a, b]) checkJoint(k, `the limb ${a}, ${b}`);
  for (const k of upperBody) checkJoint(k, 'the upper body');
  if (normaliser) {
    for (const k of normaliser) checkJoint(k, 'the normaliser');
    if (normaliser[0] === normaliser[1]) fail(`the normaliser runs from ${joints[normaliser[0]]} to itself`);
  }
  for (const [key, what, isRight, range] of LISTS) {
    const values = parts[key];
    if (!values) continue;
    if (values.length !== joints.length) fail(`${counted(values.length, what)} for ${counted(joints.length, 'joint')}`);
    const bad = values.findIndex((value) => !Number.isFinite(value) || !isRight(value));
    if (bad >= 0) fail(`${what}s[${bad}], of ${joints[bad]}, is ${values[bad]}; expected a number ${range}`);
  }
}
