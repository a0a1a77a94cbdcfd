import { DataError } from 'wgrad';
import { JsonEntry } from 'wgrad/io';
import type { JointParts, PlainLimb } from './jointParts.js';

/**
 * The joints of mmpose's `dataset_info`: `keypoint_info` `{0: {name, id, type: 'upper' | 'lower', swap}}`, `skeleton_info`
 * `{0: {link: [name, name], color: [r, g, b]}}`, `joint_weights` and `sigmas`.
 * @param file names the file in messages
 * @throws DataError where something is missing or of another kind, and for a swap that is no joint or not mutual
 */
export function partsOfMmpose(value: unknown, file: string): JointParts {
  const info = new JsonEntry(value, file);
  const keypoints = numbered(value, 'keypoint_info', file);
  const joints = keypoints.map((keypoint) => keypoint.text('name'));
  const jointAt = (entry: JsonEntry, field: string, name: unknown): number => {
    const k = joints.indexOf(String(name));
    if (k < 0) throw entry.error(field, 'expected the name of a joint of keypoint_info', name);
    return k;
  };
  const limbs = info.has('skeleton_info')
    ? numbered(value, 'skeleton_info', file).map((limb): PlainLimb => {
        const link = limb.list('link');
        if (link.length !== 2) throw limb.error('link', 'expected the names of two joints');
        const [from, to] = link.map((name) => jointAt(limb, 'link', name));
        return [from, to, limb.has('color') ? colourOf(limb) : undefined];
      })
    : undefined;
  return {
    name: info.has('dataset_name') ? info.text('dataset_name') : file,
    joints,
    flipPairs: says(value, 'swap') ? swapsOf(keypoints, joints, jointAt) : undefined,
    limbs,
    upperBody: says(value, 'type')
      ? keypoints.flatMap((keypoint, k) => (keypoint.has('type') && keypoint.text('type') === 'upper' ? [k] : []))
      : undefined,
    oksSigmas: numbers(info, 'sigmas'),
    jointWeights: numbers(info, 'joint_weights'),
  };
}

function swapsOf(
  keypoints: readonly JsonEntry[],
  joints: readonly string[],
  jointAt: (entry: JsonEntry, field: string, name: unknown) => number,
): [number, number][] {
  const swaps = keypoints.map((keypoint) =>
    keypoint.has('swap') ? jointAt(keypoint, 'swap', keypoint.text('swap')) : undefined,
  );
  return [...swaps].flatMap((other, k): [number, number][] => {
    if (other === undefined) return [];
    const back = swaps[other];
    if (back === k) return k < other ? [[k, other]] : [];
    throw keypoints[k].error(
      'swap',
      `expected a joint that swaps with ${joints[k]} in turn; ${joints[other]} swaps with ${back === undefined ? 'none' : joints[back]}`,
    );
  });
}

/** Whether any joint has the field, be it empty. A file without it says nothing of partners, or of halves. */
function says(value: unknown, field: string): boolean {
  const { keypoint_info: keypoints } = value as { keypoint_info: object };
  return Object.values(keypoints).some((keypoint: object) => field in keypoint);
}

/** The entries `{0: {...}, 1: {...}}` of a field in the order of their ids. Empty texts are as good as none. */
function numbered(value: unknown, field: string, file: string): JsonEntry[] {
  const list = (value as Readonly<Record<string, unknown>>)[field];
  if (typeof list !== 'object' || list === null) {
    throw new DataError(`${file}: ${field}: expected entries {"0": {...}, "1": {...}}`);
  }
  const entries = Object.entries(list).map(([key, one]: [string, unknown]) => {
    const entry = new JsonEntry(one, file, `${field}.${key}`);
    const said = Object.entries(one as object).filter(([, text]) => text !== '');
    return {
      id: entry.has('id') ? entry.integer('id') : Number(key),
      entry,
      said: Object.fromEntries(said) as object,
      key,
    };
  });
  const sorted: JsonEntry[] = [];
  for (const { id, entry, said, key } of entries) {
    if (!(Number.isInteger(id) && id >= 0 && id < entries.length) || sorted[id]) {
      throw entry.error('id', `expected each number from 0 to ${entries.length - 1} once`, id);
    }
    sorted[id] = new JsonEntry(said, file, `${field}.${key}`);
  }
  return sorted;
}

/** Numbers for all joints; mmpose writes an empty list where there are none. */
function numbers(info: JsonEntry, field: string): readonly number[] | undefined {
  const length = info.has(field) ? info.list(field).length : 0;
  return length > 0 ? info.numbers(field, length) : undefined;
}

function colourOf(limb: JsonEntry): string {
  const channels = limb.numbers('color', 3);
  if (!channels.every((value) => Number.isInteger(value) && value >= 0 && value <= 255)) {
    throw limb.error('color', 'expected [red, green, blue] from 0 to 255', channels.join());
  }
  return `#${channels.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}
