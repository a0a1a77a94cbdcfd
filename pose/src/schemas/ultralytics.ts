import { counted, JsonEntry } from 'wgrad/io';
import { coco17, flipOrder } from '../schema.js';
import { plainName } from './jointNames.js';
import type { JointParts } from './jointParts.js';
import { unnamedJoints } from './withoutNames.js';

/**
 * The joints of Ultralytics' `data.yaml`: `kpt_shape` [K, 2 or 3], `flip_idx` [K], where each joint goes in a mirrored picture, and
 * `kpt_names`, a list of names or one for each class. 17 joints without names that go where COCO's go are COCO's.
 * @param file names the file in messages
 * @throws DataError where the parts contradict each other
 */
export function partsOfUltralytics(value: unknown, file: string): JointParts {
  const root = new JsonEntry(value, file);
  const shape = root.numbers('kpt_shape', 2);
  const [count, numbers] = shape;
  if (!(Number.isSafeInteger(count) && count > 0 && count <= MOST && (numbers === 2 || numbers === 3))) {
    throw root.error('kpt_shape', `expected [joints, 2 or 3], at most ${MOST} joints`, shape.join());
  }
  const flips = root.has('flip_idx') && root.list('flip_idx').length > 0 ? flipsOf(root, count) : undefined;
  const names = namesOf(root, value, file);
  if (names && names.length !== count) {
    throw root.error('kpt_names', `expected ${counted(count, 'name')}, as kpt_shape has joints`, `${names.length}`);
  }
  const isCoco = count === coco17.joints.length && (!flips || flips.join() === flipOrder(coco17).join());
  return {
    name: file,
    joints: names ?? (isCoco ? coco17.joints : unnamedJoints(count)),
    flipPairs: flips?.flatMap((other, k) => (k < other ? [[k, other] as const] : [])),
  };
}

/** More joints than anything has. */
const MOST = 10_000;

function flipsOf(root: JsonEntry, count: number): readonly number[] {
  const { length } = root.list('flip_idx');
  if (length !== count) throw root.error('flip_idx', `expected ${counted(count, 'number')}, as kpt_shape has joints`);
  const flips = root.numbers('flip_idx', count);
  const bad = flips.findIndex((other, k) => flips[other] !== k);
  if (bad < 0) return flips;
  throw root.error(
    `flip_idx[${bad}]`,
    `expected a joint that goes to ${bad} in turn, since two mirrors are none`,
    `${flips[bad]}, which goes to ${flips[flips[bad]] ?? 'none'}`,
  );
}

/** The names, if there are any: one list, or the same list for all classes. */
function namesOf(root: JsonEntry, value: unknown, file: string): readonly string[] | undefined {
  if (!root.has('kpt_names')) return undefined;
  const { kpt_names: names } = value as { kpt_names: unknown };
  const lists = Array.isArray(names) ? [['', names] as const] : Object.entries(names as object);
  const read = lists.map(([key, list]: readonly [string, unknown]) => {
    const place = key === '' ? 'kpt_names' : `kpt_names.${key}`;
    const entry = new JsonEntry({ [place]: list }, file);
    return entry.list(place).map((name, k) => {
      if (typeof name === 'string' || typeof name === 'number') return String(name);
      throw entry.error(`${place}[${k}]`, 'expected the name of a joint', name);
    });
  });
  const other = read.findIndex((list) => list.map(plainName).join() !== read[0].map(plainName).join());
  if (other < 0) return read[0];
  throw root.error(
    'kpt_names',
    'expected the same joints for every class',
    `others for ${lists[other][0]} than for ${lists[0][0]}`,
  );
}
