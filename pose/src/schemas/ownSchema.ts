import { JsonEntry } from 'wgrad/io';
import { plainName } from './jointNames.js';
import type { JointParts, PlainLimb } from './jointParts.js';

const FIELDS = ['name', 'joints', 'flipPairs', 'limbs', 'normaliser', 'upperBody', 'oksSigmas', 'jointWeights'];

/**
 * A schema in wgrad's own form, the fields of `JointSchema`. Only `joints` must be there. Joints are named or numbered from 0, a
 * limb has a CSS colour or none, and numbers by joint are a list, `{joint: number}`, or one number for all.
 * @param file names the file in messages
 * @throws DataError naming the field that is unknown or holds something else
 */
export function partsOfOwn(value: unknown, file: string): JointParts {
  const root = new JsonEntry(value, file);
  const unknown = Object.keys(value as object).find((key) => !FIELDS.includes(key));
  if (unknown !== undefined) throw root.error(unknown, `expected no such field; there are ${FIELDS.join(', ')}`);
  const joints = root.list('joints').map((name, k) => {
    if (typeof name === 'string') return name;
    throw root.error(`joints[${k}]`, 'expected the name of a joint', name);
  });
  const names = joints.map(plainName);
  const jointAt = (where: string, joint: unknown): number => {
    const k = typeof joint === 'string' ? names.indexOf(plainName(joint)) : joint;
    if (Number.isInteger(k) && Number(k) >= 0 && Number(k) < joints.length) return Number(k);
    throw root.error(where, `expected the name of a joint, or its number from 0 to ${joints.length - 1}`, joint);
  };
  const pairAt = (where: string, ends: unknown): [number, number] => {
    if (!Array.isArray(ends) || ends.length < 2) throw root.error(where, 'expected two joints [a, b]', ends);
    return [jointAt(`${where}[0]`, ends[0]), jointAt(`${where}[1]`, ends[1])];
  };
  const each = <T>(field: string, read: (where: string, item: unknown) => T): T[] | undefined =>
    root.has(field) ? root.list(field).map((item, i) => read(`${field}[${i}]`, item)) : undefined;
  const colourAt = (where: string, limb: unknown): string | undefined => {
    const [, , colour] = limb as unknown[];
    if (colour === undefined || (typeof colour === 'string' && COLOUR.test(colour))) return colour;
    throw root.error(`${where}[2]`, "expected a colour such as '#f58518' or 'teal'", colour);
  };
  return {
    name: root.has('name') ? root.text('name') : file,
    joints,
    flipPairs: each('flipPairs', pairAt),
    limbs: each('limbs', (where, limb): PlainLimb => [...pairAt(where, limb), colourAt(where, limb)]),
    normaliser: root.has('normaliser') ? pairAt('normaliser', root.list('normaliser')) : undefined,
    upperBody: each('upperBody', jointAt),
    oksSigmas: numbersOf(value, 'oksSigmas', joints, file),
    jointWeights: numbersOf(value, 'jointWeights', joints, file),
  };
}

/** Drawings are SVG, into which a colour goes as it is. */
const COLOUR = /^(#[0-9a-f]{3,8}|[a-z]+)$/i;

/**
 * Numbers by joint in a field of a file: a list, `{joint: number}`, or one number for all joints.
 * @throws DataError where there are more or fewer than joints, or what is there is no number
 */
export function numbersOf(
  value: unknown,
  field: string,
  joints: readonly string[],
  file: string,
): readonly number[] | undefined {
  const root = new JsonEntry(value, file);
  if (!root.has(field)) return undefined;
  const given = (value as Readonly<Record<string, unknown>>)[field];
  if (typeof given === 'number') return joints.map(() => root.number(field));
  if (Array.isArray(given)) return root.numbers(field, joints.length);
  const entry = root.entry(field);
  const keys = new Map(Object.keys(given as object).map((key) => [plainName(key), key]));
  const names = new Set(joints.map(plainName));
  const other = [...keys].find(([plain]) => !names.has(plain));
  if (other) throw entry.error(other[1], `expected the name of a joint: ${joints.join(', ')}`);
  return joints.map((name) => entry.number(keys.get(plainName(name)) ?? name));
}
